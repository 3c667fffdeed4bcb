"""Floor and cap of a class: which rows come back, from which composite on, and never against a person."""

from dataclasses import replace

import numpy as np
import pytest
from oracles.small_views import view_of

from core.curation import apply_rules, emptied_classes
from core.types.curation import Action, Decision, Guardrails, Rules, Threshold

FREE = Guardrails(class_floor=0, class_cap=None, duplicates="off", lock_held_out=False, allow_empty_class=True)


def _above(count: float) -> Threshold:
    return Threshold("composite", "count", "above", count)


def test_the_class_floor_brings_back_the_last_to_go():
    view = view_of({"el2n": [1, 2, 3, 4, 5, 6]}, labels=[0, 0, 0, 0, 1, 1])
    rules = Rules(thresholds=(_above(6),), guardrails=replace(FREE, class_floor=3))
    outcome = apply_rules(view, rules)
    assert outcome.kept.tolist() == [True, True, True, False, True, True]  # class 1 never had three
    assert outcome.source[0] == "guardrail"
    assert outcome.reasons(0) == ("composite_above", "class_floor")


def test_the_cap_limits_what_rules_may_drop_of_a_class():
    view = view_of({"el2n": np.arange(10)}, labels=[0] * 5 + [1] * 5)
    outcome = apply_rules(view, Rules(thresholds=(_above(6),), guardrails=replace(FREE, class_cap=0.5)))
    assert view.ids[~outcome.kept].tolist() == ["e004", "e008", "e009"]
    assert outcome.reasons(5) == ("composite_above", "class_cap")


@pytest.mark.parametrize(("goal", "end"), [("find_noise", np.inf), ("keep_hard", -np.inf)])
def test_a_class_that_is_held_back_says_from_which_composite_on_its_rows_stay(goal, end):
    view = view_of({"el2n": np.arange(20.0)}, labels=[0] * 8 + [1] * 8 + [2] * 4)
    side = "above" if end > 0 else "below"
    cut = Threshold("composite", "count", side, 14.0)
    outcome = apply_rules(view, Rules(goal=goal, thresholds=(cut,), guardrails=replace(FREE, class_cap=0.25)))
    for c, held in enumerate(outcome.class_cut.tolist()):
        rows = np.flatnonzero(view.labels == c)
        gone, back = rows[~outcome.kept[rows]], rows[outcome.kept[rows] & (outcome.source[rows] == "guardrail")]
        assert np.isnan(held) == (len(back) == 0)
        between = (outcome.composite[gone] > held) if end > 0 else (outcome.composite[gone] < held)
        assert len(back) == 0 or (between.all() and len(gone) == len(rows) // 4)
    none_may_go = Rules(goal=goal, thresholds=(cut,), guardrails=replace(FREE, class_cap=0.0))
    assert apply_rules(view, none_may_go).class_cut[0 if goal == "keep_hard" else 2] == end


def test_guardrails_do_not_overrule_a_person():
    view = view_of({"el2n": [1, 2]})
    outcome = apply_rules(view, Rules(), {"e000": Decision(Action.DROP), "e001": Decision(Action.DROP)})
    assert not outcome.kept.any()
    assert emptied_classes(view, outcome) == ("class 0",)
    assert "no training row left" in outcome.warnings[0]
