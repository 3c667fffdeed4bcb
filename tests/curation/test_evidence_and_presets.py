import numpy as np
import pytest
from oracles.small_views import column, random_view, view_of
from scipy.stats import binomtest

from core.curation import (
    PRESETS,
    ZONES,
    apply_rules,
    flip_risk,
    goal_rules,
    keep_fraction_rules,
    label_suggested,
    noise_estimate,
    preset_named,
    suspected_share,
    wilson,
    zones,
)
from core.types.checks import NoiseEstimate
from core.types.curation import Guardrails, Rules, Threshold, rules_from_json
from core.types.errors import RulesError
from core.types.methods import Goal


def test_zones_tell_hard_from_mislabeled():
    size = 100
    hard = np.arange(size, dtype=float)
    clean = np.arange(size, dtype=float)
    clean[95:] = [-5, -4, -3, -2, -1]  # hard, and nothing speaks for the label
    twin = np.zeros(size)
    twin[10:20] = 1
    view = view_of({"el2n": hard, "aum": clean, "duplicate_similarity": twin})
    zone = np.array(ZONES)[zones(view)]
    assert set(zone[95:]) == {"likely_mislabeled"}
    assert set(zone[80:95]) == {"hard_useful"}
    assert set(zone[50:75]) == {"typical"}
    assert "redundant" not in set(zone[50:])


def test_redundant_is_easy_clean_and_like_another_row():
    size = 40
    view = view_of({"el2n": -np.arange(size), "aum": np.arange(size), "duplicate_similarity": np.arange(size)})
    zone = np.array(ZONES)[zones(view)]
    assert np.flatnonzero(zone == "redundant").tolist() == list(range(30, 40))


def test_without_scores_every_row_is_typical():
    view = view_of({"duplicate_similarity": [0.1, 0.2]})
    assert zones(view).tolist() == [0, 0]


def test_a_suggestion_needs_confidence_and_out_of_fold_predictions():
    labels = [0, 0, 0, 1, 1, 1]
    predicted = np.array([0, 0, 1, 1, 1, 0])
    sure = np.array([0.9, 0.9, 0.95, 0.6, 0.6, 0.8], np.float32)
    view = view_of({"el2n": np.zeros(6)}, labels, predicted=predicted, predicted_prob=sure)
    assert label_suggested(view).tolist() == [-1, -1, 1, -1, -1, -1]  # 0.8 is below the 0.9 usual for class 0
    seen = view_of({"el2n": np.zeros(6)}, labels, predicted=predicted, predicted_prob=sure, predicted_how="in_sample")
    assert (label_suggested(seen) == -1).all()
    assert noise_estimate(seen) is None


def test_the_noise_estimate_comes_with_interval_and_accuracy():
    labels = [0] * 10 + [1] * 10
    predicted = np.array(labels)
    predicted[[0, 19]] = 1, 0
    view = view_of({"el2n": np.zeros(20)}, labels, predicted=predicted, predicted_prob=np.full(20, 0.9, np.float32))
    estimate = noise_estimate(view)
    assert (estimate.share, estimate.rows, estimate.accuracy) == (0.1, 20, 0.9)
    assert estimate.low < 0.1 < estimate.high
    assert "They agree with 90 % of the given labels" in estimate.text
    assert suspected_share(view) == pytest.approx(0.1 * 0.8)  # 90 % is four fifths of the way from chance to perfect


def test_wilson_interval_by_the_book():
    low, high = wilson(10, 100)  # Newcombe 1998, table of worked values
    assert (low, high) == (pytest.approx(0.0552, abs=1e-4), pytest.approx(0.1744, abs=1e-4))
    assert wilson(0, 10)[0] == 0
    for hits, rows in ((0, 10), (3, 7), (31, 1797), (50, 50)):
        assert wilson(hits, rows) == pytest.approx(tuple(binomtest(hits, rows).proportion_ci(method="wilson")))


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p.name)
def test_presets_drop_something_and_survive_json(preset):
    view = random_view(np.random.default_rng(0), 300)
    rules = preset.build(view)
    assert rules.preset == preset.name
    assert rules_from_json(rules.to_json()) == rules
    outcome = apply_rules(view, rules)
    assert 0 < outcome.counts["dropped"] < (~view.held_out).sum()


def test_unknown_names_are_refused():
    with pytest.raises(RulesError, match="Unknown preset"):
        preset_named("all")
    with pytest.raises(RulesError, match="Unknown goal"):
        goal_rules(random_view(np.random.default_rng(0)), "best")


@pytest.mark.parametrize("goal", list(Goal))
def test_goal_rules_drop_nothing_yet(goal):
    view = random_view(np.random.default_rng(1))
    rules = goal_rules(view, goal.value)
    off = Guardrails(duplicates="off")
    assert apply_rules(view, Rules(goal=rules.goal, score_weights=rules.score_weights, guardrails=off)).kept.all()


def test_weak_evidence_counts_less_for_noise():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=2000)
    scores = {
        "el2n": column("el2n", truth + rng.normal(size=2000), skill=0.9),
        "aum": column("aum", -truth + rng.normal(size=2000), skill=0.9),
        "label_quality": column("label_quality", -truth + rng.normal(size=2000), skill=0.3),
    }
    weights = goal_rules(view_of(scores), "find_noise").score_weights
    assert weights["label_quality"] < 0.3 * weights["el2n"]
    assert max(weights.values()) == 1


@pytest.mark.parametrize("strategy", ["threshold", "top_fraction", "class_balanced", "coverage", "moderate", "uniform"])
@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.6, 1.0])
def test_a_wanted_fraction_is_kept_exactly(strategy, fraction):
    view = random_view(np.random.default_rng(3), 200)
    rules = Rules(
        strategy=strategy,
        thresholds=(Threshold("el2n", "count", "above", 150),),
        guardrails=Guardrails(class_floor=0, duplicates="off"),
    )
    outcome = apply_rules(view, keep_fraction_rules(rules, fraction))
    training = ~view.held_out
    assert outcome.kept[training].sum() == round(fraction * training.sum())
    with pytest.raises(RulesError):
        keep_fraction_rules(rules, 1.5)


def test_duplicates_count_towards_a_wanted_fraction():
    view = random_view(np.random.default_rng(4), 200)
    rules = keep_fraction_rules(Rules(guardrails=Guardrails(class_floor=0, duplicate_similarity=0.998)), 0.5)
    outcome = apply_rules(view, rules)
    assert (outcome.source == "duplicate").any()
    training = ~view.held_out
    assert outcome.kept[training].sum() == round(0.5 * training.sum())


def test_flip_risk_by_hand_on_a_single_score():
    spread = np.array([0.0, 1.0, 2.0, np.nan], np.float32)
    view = view_of({"el2n": column("el2n", [1, 2, 4, 9], spread, 4)})
    rules = Rules(thresholds=(Threshold("el2n", "value", "above", 3.0),))
    risk = flip_risk(view, rules, apply_rules(view, rules))
    # margins 2, 1, -1, -6 over standard errors 0, 0.5, 1: normal tails at infinity, 2 and 1
    np.testing.assert_allclose(risk[:3], [0, 0.0227501, 0.1586553], atol=1e-6)
    assert np.isnan(risk[3])


def test_flip_risk_of_a_composite_falls_with_the_distance_from_the_cut():
    values = np.arange(1000, dtype=np.float32)
    view = view_of({"el2n": column("el2n", values, np.full(1000, 40, np.float32), 4)})
    rules = Rules(thresholds=(Threshold("composite", "percentile", "above", 50.0),))
    risk = flip_risk(view, rules, apply_rules(view, rules))
    assert risk[[300, 450, 499]].tolist() == sorted(risk[[300, 450, 499]].tolist())
    # 20 ranks of 1000 are the standard error; row 479 lies one of them below the cut
    assert risk[479] == pytest.approx(0.1587, abs=0.01)


def test_flip_risk_is_unknown_without_seeds_or_cut():
    view = view_of({"el2n": [1, 2, 3]})
    for rules in (Rules(), Rules(thresholds=(Threshold("composite", "count", "above", 1),))):
        assert np.isnan(flip_risk(view, rules, apply_rules(view, rules))).all()


def test_noise_is_never_told_without_the_models_accuracy():
    words = NoiseEstimate(0.285, 0.26, 0.311, 5000, 0.71).text
    assert "doubt 28.5 % of 5,000" in words
    assert "agree with 71 %" in words
