"""Which color a class or another value of a facet has: the same on tiles, bars and the map, whatever was relabeled."""

from __future__ import annotations

from core import actions
from core.types.facets import Facet
from dashboard.components import theme


def class_colors(view: actions.scores.ScoreView) -> tuple[str, ...]:
    """[C], by the sizes of the classes as given: a relabeled row takes the color of its class and moves none."""
    return view.remember(("class_colors",), lambda: theme.class_colors(view.class_sizes))


def class_color(view: actions.scores.ScoreView, code: int) -> str:
    """Of one class; grey for none."""
    return class_colors(view)[code] if code >= 0 else theme.NO_CLASS_COLOR


def map_colors(view: actions.scores.ScoreView, facet: Facet) -> tuple[str, ...]:
    """Of each value of a facet, on the map."""
    return class_colors(view) if facet.name in ("label", "predicted") else theme.class_colors(facet.counts())


def bar_colors(view: actions.scores.ScoreView, facet: Facet) -> tuple[str, ...]:
    """Class colors for classes alone; kept and dropped as on the map; one accent for all else."""
    if facet.name in ("label", "predicted"):
        return class_colors(view)
    if facet.name == "decision":
        return theme.DROPPED_COLOR, theme.KEPT_COLOR
    return (theme.muted_color(),) * len(facet.options)
