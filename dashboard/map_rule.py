"""The cut of the rules as the map's browser can follow it while a slider is dragged."""

from __future__ import annotations

from typing import Literal

import numpy as np

from core.curation import rule_edits
from core.types.curation import Rules, Source
from dashboard.components import map_wire
from dashboard.components.map_values import MapRule
from dashboard.opened import Opened


def map_rule(opened: Opened) -> MapRule | None:
    """The cut as the browser can compute it while a slider is dragged; None when the rules are of another kind."""
    rules, view = opened.rules, opened.view
    if rules.transform != "rank" or rules.aggregator != "mean" or rules.within_class:
        return None
    orientation = {name: column.orientation.get(rules.goal, 0) for name, column in view.scores.items()}
    groups = {name: column.group for name, column in view.scores.items()}
    weights = map_wire.coefficients(orientation, groups, rules.group_weights, rules.score_weights)
    short = {name: float(f"{weight:.9g}") for name, weight in weights.items()}  # they travel as text with each change
    guard, side, cut = rules.guardrails, composite_side(rules), composite_cut(opened)
    # at the goal's other end what a class gets back is not what lies nearest to the cut: it goes as a list of rows
    held = opened.outcome.class_cut if side == rule_edits.drop_side(rules) else None
    return MapRule(short, cut, side, held, guard.class_floor, guard.class_cap)


def composite_side(rules: Rules) -> Literal["above", "below"]:
    """The side of the composite's cut that goes: as its threshold says, else the end that the goal removes."""
    given = next((t.drop for t in rules.thresholds if t.score == "composite" and t.class_name is None), None)
    return "below" if (given or rule_edits.drop_side(rules)) == "below" else "above"


def composite_cut(opened: Opened) -> float | None:
    """The composite value that decides a row under these rules, None when no single one does."""
    decided = opened.outcome.threshold[opened.outcome.came_from(Source.RULE)]
    decided = decided[np.isfinite(decided)]
    return float(decided[0]) if len(decided) and (decided == decided[0]).all() else None
