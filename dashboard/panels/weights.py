"""Weights and the share to drop: dragging repaints the map, releasing saves."""

from __future__ import annotations

from core import actions
from core.types.methods import Group
from dashboard.components.live_sliders import LiveScore, Sliders, SliderState, live_sliders
from dashboard.panels.map_panel import KEY
from dashboard.session import commands
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot
from dashboard.tables import row_table

_TITLES = {group.value: group.value.replace("_", " ").capitalize() for group in Group}


def weights(opened: Opened, key: str = "sliders") -> None:
    """One slider per group and score, and one for the share to drop; on release the rules are on disk."""
    rules, total = opened.rules, actions.rules.droppable(opened.view, opened.rules)

    def save(after: SliderState) -> None:
        changed = actions.rules.with_weights(rules, after.group_weights, after.score_weights)
        if after.share is not None and after.share != actions.rules.dropped_share(rules, total):
            changed = actions.rules.with_share(changed, after.share, total)
        if changed != rules:
            commands.save_rules(opened.run, changed)

    sliders = Sliders(
        map_key=KEY,
        scores=_scores(opened),
        group_weights=dict(rules.group_weights),
        score_weights=dict(rules.score_weights),
        share=actions.rules.dropped_share(rules, total),
        drop=actions.rules.drop_side(rules),
        group_titles=_TITLES,
        total=total,
    )
    live_sliders(sliders, slot=slot(key), on_release=save)


def _scores(opened: Opened) -> tuple[LiveScore, ...]:
    goal = opened.rules.goal
    return tuple(
        LiveScore(
            name,
            row_table.title(name),
            column.group,
            column.orientation.get(goal, 0),
            f"high = {column.high_means}",
        )
        for name, column in opened.view.scores.items()
    )
