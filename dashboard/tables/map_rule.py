"""The cut of the rules as the map's browser can follow it while a slider is dragged."""

from __future__ import annotations

from core import actions
from dashboard.components.map_values import MapRule
from dashboard.session.current_run import Opened


def map_rule(opened: Opened) -> MapRule | None:
    """The cut as the browser can compute it while a slider is dragged; None when the rules are of another kind."""
    rules, view = opened.rules, opened.view
    if rules.transform != "rank" or rules.aggregator != "mean" or rules.within_class:
        return None
    weights = actions.rules.coefficients(view, rules)
    # they travel as text with each change
    short = {name: float(f"{weight:.9g}") for name, weight in weights.items() if weight}
    guard, side, cut = rules.guardrails, actions.cuts.composite_side(rules), actions.cuts.composite_cut(opened.outcome)
    # at the goal's other end what a class gets back is not what lies nearest to the cut: it goes as a list of rows
    class_cuts = opened.outcome.class_cut if side == actions.rules.drop_side(rules) else None
    return MapRule(short, cut, side, class_cuts, guard.class_floor, guard.class_cap)
