"""The map with its three choices; lasso, click and hover come back as rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import actions
from core.types.curation import Source
from core.types.facets import Facet
from dashboard.components import embedding_map as maps
from dashboard.components import polygon
from dashboard.panels import review_bar
from dashboard.session import cache, navigation, row_bits, selection, url_widgets
from dashboard.session.current_run import Opened
from dashboard.session.fragments import fragment
from dashboard.session.slots import slot
from dashboard.tables import example_tiles, map_rule, palette, row_table

KEY = "map"
HOLLOW_BELOW = 0.2  # of 15 neighbors: fewer than 3
_HOLLOW_HELP = (
    "Two dimensions cannot keep all neighbors. Drawn hollow (pale where points are too small): points with fewer than "
    "3 of their 15 nearest neighbors in the full space among their 15 nearest on this map. What stands beside them "
    "here says little."
)


def map_panel(opened: Opened, facets: Sequence[Facet], shown: np.ndarray, height: int = 400) -> None:
    """Layout and color, then the map. PCA is there at once, UMAP when the run has made it."""
    layouts = layouts_of(opened)
    if not layouts:
        st.text("This run has no map: it was made without one, or has not come that far.")
        return
    with st.container(key="map_tools", horizontal=True, gap="small", vertical_alignment="center"):
        layout = st.segmented_control(
            "Layout",
            layouts,
            format_func=_titles().__getitem__,
            required=True,
            label_visibility="collapsed",
            **url_widgets.sticky_choice("layout", layouts, layouts[0]),
        )
        choices = color_choices(opened, facets)
        color = st.selectbox(
            "Color by",
            list(choices),
            format_func=choices.__getitem__,
            label_visibility="collapsed",
            width=230,
            **url_widgets.sticky_choice("color", choices, "decision"),
        )
        honest = has_neighbors(opened) and st.toggle(
            "Hollow: neighbors not kept", help=_HOLLOW_HELP, **url_widgets.sticky_toggle("hollow")
        )
        st.text(f"{int(shown.sum()):,} / {len(shown):,} points")
    layout = layout or layouts[0]
    draw(opened, layout, color_of(opened, facets, color), shown, height, honest)


def layouts_of(opened: Opened) -> list[str]:
    """Maps that the run has, the better one first."""
    return [name for name in _titles() if cache.array(opened.run.run_id, opened.at, name, opened.run) is not None]


def _titles() -> dict[str, str]:
    return {layout.name: layout.title for layout in actions.methods.layouts()}


def first_layout(opened: Opened) -> str | None:
    """The layout chosen in Explore, else the first there is."""
    layouts = layouts_of(opened)
    chosen = navigation.pane("layout", "")
    return chosen if chosen in layouts else next(iter(layouts), None)


def has_neighbors(opened: Opened) -> bool:
    """Whether the run knows the nearest neighbors in the full space."""
    return cache.array(opened.run.run_id, opened.at, "neighbors", opened.run) is not None


def hollow_of(opened: Opened, layout: str) -> maps.MapHollow | None:
    """The points of a layout that stand among strangers, and how many neighbors it keeps in all, in words."""
    kept = cache.neighbors_kept(opened.run.run_id, opened.at, layout, opened.run)
    if kept is None or np.isnan(kept).all():
        return None
    rows = kept < HOLLOW_BELOW
    words = f"neighbors not kept: {np.mean(rows):.0%} of the points; this map keeps {np.nanmean(kept):.0%} of neighbors"
    return maps.MapHollow(f"{opened.run.run_id}/{layout}/{opened.at}", rows, words)


def draw(
    opened: Opened, layout: str, colors: maps.MapColors, shown: np.ndarray, height: int, honest: bool = False
) -> None:
    """The map itself; the same key everywhere, so that zoom and lasso mode stay. honest: see `hollow_of`."""
    coords = np.asarray(cache.array(opened.run.run_id, opened.at, layout, opened.run), np.float32)
    plane = maps.MapLayout(f"{opened.run.run_id}/{layout}/{opened.at}", coords)  # no units, so no axes
    draw_plane(opened, KEY, plane, colors, shown, height, hollow=hollow_of(opened, layout) if honest else None)


def draw_plane(
    opened: Opened,
    key: str,
    layout: maps.MapLayout,
    colors: maps.MapColors,
    shown: np.ndarray,
    height: int,
    words: str = "",
    hollow: maps.MapHollow | None = None,
) -> None:
    """Rows at any coordinates: lasso, click and hover mean the same everywhere. words: what a screen reader says."""
    row = opened.view.row_of.get(navigation.focused() or "")

    shown_bits = row_bits.RowBits.of(shown)

    def on_event(event: maps.MapEvent) -> None:
        _react(opened, layout.coords, shown_bits, event)

    content = maps.MapContent(
        layout=layout,
        colors=colors,
        ranks=cache.map_ranks(opened.run.run_id, opened.at, opened.view),
        rule=map_rule.map_rule(opened) or maps.MapRule(),
        kept=opened.outcome.kept,
        locked=opened.view.held_out,
        decided=np.flatnonzero(opened.outcome.came_from(Source.MANUAL, Source.DUPLICATE)),
        shown=shown,
        selected=selection.selected(),
        flagged=opened.view.rows_of(opened.curation.decisions),
        focused=None if row is not None and review_bar.blind(opened, row) else row,  # its color would tell
        card=lambda number: example_tiles.hover_card(opened, number),
        on_event=on_event,
        hollow=hollow,
        description=f"{words} {opened.outcome.counts['kept']} of {len(opened.view)} rows kept.".strip(),
    )
    maps.embedding_map(content, slot=slot(key), height=height, fragment=fragment)


def _react(opened: Opened, coords: np.ndarray, shown: row_bits.RowBits, event: maps.MapEvent) -> None:
    if event.kind == "lasso" and event.polygon is not None:
        rows = polygon.rows_in_polygon(coords, event.polygon, shown.mask())
        selection.choose(rows, "" if event.mode == "replace" else event.mode)
    elif event.kind == "click" and event.row is not None:
        navigation.open_example(str(opened.view.ids[event.row]))
    elif event.kind == "clear":
        selection.select(np.array([], np.int64))


def color_choices(opened: Opened, facets: Sequence[Facet]) -> dict[str, str]:
    """What color may say: a facet, the decision, or a score."""
    named = {facet.name: facet.title for facet in facets if facet.name != "decision"}
    scores = {f"score:{name}": row_table.title(name) for name in opened.view.scores}
    return {"decision": "Kept / dropped", **named, **scores}


def color_of(opened: Opened, facets: Sequence[Facet], choice: str | None) -> maps.MapColors:
    """The choice as the map's own value."""
    if choice and choice.startswith("score:"):
        name = choice.removeprefix("score:")
        return maps.MapColors.by_score(name, row_table.title(name))
    facet = next((f for f in facets if f.name == choice and f.name != "decision"), None)
    if facet is None:
        return maps.MapColors.by_decision()
    name = f"{opened.run.run_id}/{opened.at}/{facet.name}/{facet.version}"
    colors = palette.map_colors(opened.view, facet)
    return maps.MapColors.by_category(name, facet.title, facet.codes, facet.options, colors)
