"""Rules as sliders and forms change them."""

import pytest

from core.curation import rule_edits
from core.types.curation import Guardrails, Rules, Threshold
from core.types.methods import Goal


@pytest.mark.parametrize("wanted", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("goal", list(Goal))
def test_share_comes_back(wanted, goal):
    changed = rule_edits.with_share(Rules(goal=goal.value), wanted, 200)
    assert rule_edits.share(changed, 200) == pytest.approx(wanted)


def test_share_of_a_strategy_is_its_fraction():
    rules = Rules(strategy="coverage", strategy_params={"keep_fraction": 0.3})
    assert rule_edits.share(rules, 100) == pytest.approx(0.7)
    assert rule_edits.with_share(rules, 0.4, 100).strategy_params["keep_fraction"] == pytest.approx(0.6)


def test_percentile_reads_as_a_share_on_either_side():
    above = Rules(thresholds=(Threshold("composite", "percentile", "above", 96.0),))
    below = Rules(thresholds=(Threshold("composite", "percentile", "below", 4.0),))
    assert rule_edits.share(above, 100) == pytest.approx(0.04)
    assert rule_edits.share(below, 100) == pytest.approx(0.04)


def test_thresholds_of_other_scores_stay_when_the_share_moves():
    other = Threshold("el2n", "value", "above", 1.0)
    assert other in rule_edits.with_share(Rules(thresholds=(other,)), 0.2, 50).thresholds


def test_a_new_threshold_replaces_its_like():
    rules = rule_edits.with_threshold(Rules(), Threshold("el2n", "value", "above", 1.0))
    rules = rule_edits.with_threshold(rules, Threshold("el2n", "value", "above", 0.5))
    assert [t.cut for t in rules.thresholds] == [0.5]
    assert rule_edits.without_threshold(rules, 0).thresholds == ()


def test_a_changed_rule_is_no_preset_any_more():
    assert rule_edits.with_weights(Rules(preset="remove_label_errors"), {"density": 0.0}, {}).preset is None


def test_goal_moves_the_cut_to_the_end_that_goes():
    rules = rule_edits.with_share(Rules(), 0.1, 100)
    assert rule_edits.with_goal(rules, "keep_hard").thresholds[0].drop == "below"


@pytest.mark.parametrize(("kind", "cut", "mirrored"), [("percentile", 96.0, 4.0), ("count", 30.0, 30.0)])
def test_a_new_goal_moves_the_composite_cut_to_the_end_that_it_removes(kind, cut, mirrored):
    rules = Rules(thresholds=(Threshold("composite", kind, "above", cut), Threshold("el2n", "value", "above", 0.5)))
    moved = rule_edits.with_goal(rules, "keep_hard")
    assert moved.thresholds == (Threshold("composite", kind, "below", mirrored), rules.thresholds[1])
    assert rule_edits.share(moved, 1000) == pytest.approx(rule_edits.share(rules, 1000))
    assert rule_edits.with_goal(moved, "find_noise").thresholds == rules.thresholds
    assert rule_edits.with_goal(rules, "remove_redundant").thresholds == rules.thresholds


def test_an_answer_about_near_duplicates_outlives_a_preset_but_not_a_lower_similarity():
    from dashboard.panels.guardrails import duplicates_after

    agreed = Guardrails(duplicates="keep_best_agreed", duplicate_similarity=0.97)
    assert rule_edits.with_answer(Rules(), agreed).guardrails == agreed
    assert rule_edits.with_answer(Rules(), Guardrails(duplicates="off")) == Rules()
    assert duplicates_after(agreed, True, 0.97) == duplicates_after(agreed, True, 0.99) == "keep_best_agreed"
    assert duplicates_after(agreed, True, 0.95) == "keep_best"
    assert duplicates_after(agreed, False, 0.97) == "off"
    left = Guardrails(duplicates="exact")
    assert duplicates_after(left, True, 0.99) == "exact"
    assert duplicates_after(left, True, 0.995) == "keep_best"
