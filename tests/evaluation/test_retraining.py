"""Prune and retrain: matched arms, equal steps, verdicts, and toys whose right answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from oracles.small_views import view_of
from scipy import stats

from core.curation import ScoreColumn
from core.evaluation.arms import Weigher, held_out_rows, make_arms, matched_random, set_aside_rows
from core.evaluation.intervals import over_seeds, paired, verdict
from core.evaluation.learners import LogisticLearner, refill
from core.evaluation.retraining import Asked, retrain, smallest_subset
from core.types.checks import CheckResult
from core.types.curation import Action, Decision, Guardrails, Rules, Threshold
from core.types.errors import Cancelled, CurationError, RulesError
from core.types.progress import SilentProgress

FREE = Guardrails(class_floor=0, class_cap=None, duplicates="off")


class Counting:
    """Counts steps; cancels after `most`."""

    def __init__(self, most=10**9):
        self.total, self.steps, self.most = 0, 0, most

    def stage(self, title, total):
        self.total = total

    def advance(self, steps=1):
        self.steps += steps
        if self.steps > self.most:
            raise Cancelled


def blobs(rows=400, held_out=200, flip=0.25, seed=0):
    """(vectors [N, 3], given labels, true labels, splits): three blobs, a quarter of the training labels wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, rows + held_out)
    x = rng.normal(size=(rows + held_out, 3)) + 2.5 * np.eye(3)[truth]
    given = truth.copy()
    wrong = rng.choice(rows, round(flip * rows), replace=False)
    given[wrong] = (given[wrong] + 1) % 3  # one-sided: what a linear model cannot average away
    return x.astype(np.float32), given, truth, ["train"] * rows + ["test"] * held_out


def dropping(count):
    return Rules(thresholds=(Threshold("el2n", "count", "above", count),), guardrails=FREE)


def arms_of(view, rules, decisions=None, fractions=(0.6, 0.3)):
    return make_arms(view, rules, decisions or {}, held_out_rows(view), fractions)


def asked(seeds=3):
    return Asked("key", 1, "quick", {}, "", ("a", "b", "c"), seeds)


def world(**more):
    x, given, truth, splits = blobs(**more)
    suspicion = (given != truth) + np.random.default_rng(1).random(len(given)) * 0.5
    view = view_of({"el2n": suspicion}, labels=given, splits=splits, classes=3)
    return x, view, given, truth


def test_matched_random_has_the_sizes_and_classes_of_the_kept_set():
    _, view, given, _ = world()
    arms = arms_of(view, dropping(100))
    for kept in arms.kept:
        drawn = [matched_random(arms, kept, seed) for seed in range(4)]
        for rows in drawn:
            assert len(np.unique(rows)) == len(kept.rows) == len(rows)
            assert np.isin(rows, arms.candidates).all()
            assert np.bincount(given[rows], minlength=3).tolist() == np.bincount(given[kept.rows], minlength=3).tolist()
        assert any(not np.array_equal(drawn[0], other) for other in drawn[1:])
        assert np.array_equal(drawn[0], matched_random(arms, kept, 0))


def test_the_own_size_is_there_and_held_out_rows_are_in_no_arm():
    _, view, _, _ = world()
    arms = arms_of(view, dropping(100))
    assert [k.own for k in arms.kept] == [True, False, False]
    assert [len(k.rows) for k in arms.kept] == [300, 240, 120]
    assert not np.isin(arms.held_out.rows, arms.candidates).any()
    assert all(not np.isin(arms.held_out.rows, k.rows).any() for k in arms.kept)


def test_usual_fractions_make_five_sizes_apart_from_each_other():
    _, view, _, _ = world()
    sizes = [k.fraction for k in make_arms(view, dropping(80), {}, held_out_rows(view)).kept]
    assert len(sizes) == 5
    assert min(-np.diff(sizes)) >= 0.04


def test_removing_flips_beats_random_and_a_random_rule_does_not(tmp_path):
    x, view, given, truth = world()
    arms = arms_of(view, dropping(100))
    learner = LogisticLearner(x, 3, arms.candidates, arms.held_out.rows)
    result = retrain(arms, learner, asked(), tmp_path / "good", SilentProgress())
    own = next(c for c in result.comparisons if c.own and c.against == "random")
    assert own.verdict == "better than"
    assert own.low > 0
    assert "better than random" in result.verdict
    assert next(c for c in result.comparisons if c.own and c.against == "all").verdict == "better than"
    assert result.smallest.fraction is not None
    assert result.smallest.confidence >= 0.95

    noise = view_of(
        {"el2n": np.random.default_rng(5).random(len(given))}, labels=given, splits=view.splits.tolist(), classes=3
    )
    blind = arms_of(noise, dropping(100))
    result = retrain(
        blind,
        LogisticLearner(x, 3, blind.candidates, blind.held_out.rows),
        asked(),
        tmp_path / "blind",
        SilentProgress(),
    )
    assert next(c for c in result.comparisons if c.own and c.against == "random").verdict == "no different from"

    worst = view_of({"el2n": -view.scores["el2n"].values}, labels=given, splits=view.splits.tolist(), classes=3)
    bad = arms_of(worst, dropping(200))
    result = retrain(
        bad, LogisticLearner(x, 3, bad.candidates, bad.held_out.rows), asked(), tmp_path / "bad", SilentProgress()
    )
    assert next(c for c in result.comparisons if c.own and c.against == "random").verdict == "worse than"


def test_every_arm_takes_the_same_number_of_steps(tmp_path):
    x, view, _, _ = world()
    arms = arms_of(view, dropping(100))
    learner = LogisticLearner(x, 3, arms.candidates, arms.held_out.rows, steps=50)
    for rows in (arms.candidates, *(k.rows for k in arms.kept), arms.candidates[:5]):
        counter = Counting()
        learner.predict(rows, arms.given, 0, counter)
        assert counter.steps == 50
    counter = Counting()
    result = retrain(arms, learner, asked(), tmp_path, counter)
    assert counter.steps == counter.total == 3 * (2 * 3 + 1) * 50
    assert result.steps == 50


def test_a_stopped_check_goes_on_and_ends_the_same(tmp_path):
    x, view, _, _ = world()
    arms = arms_of(view, dropping(100))
    learner = LogisticLearner(x, 3, arms.candidates, arms.held_out.rows, steps=20)
    whole = retrain(arms, learner, asked(), tmp_path / "whole", SilentProgress())
    with pytest.raises(Cancelled):
        retrain(arms, learner, asked(), tmp_path / "parts", Counting(most=210))
    assert len(list((tmp_path / "parts").glob("*.json"))) == 10
    trained = []

    class Watched:
        name, steps = learner.name, learner.steps

        def predict(self, rows, labels, seed, progress):
            trained.append(len(rows))
            return learner.predict(rows, labels, seed, progress)

    counter = Counting()
    assert retrain(arms, Watched(), asked(), tmp_path / "parts", counter) == whole
    assert len(trained) == 21 - 10
    assert counter.steps == counter.total


def test_results_survive_the_disk(tmp_path):
    import json

    x, view, _, _ = world()
    arms = arms_of(view, dropping(100))
    result = retrain(
        arms, LogisticLearner(x, 3, arms.candidates, arms.held_out.rows, steps=5), asked(), tmp_path, SilentProgress()
    )
    assert CheckResult.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_corrected_labels_train_the_rule_and_only_the_rule():
    _, view, given, _ = world()
    name = str(view.ids[3])
    other = view.class_names[(given[3] + 1) % 3]
    arms = arms_of(view, dropping(100), {name: Decision(Action.RELABEL, other)})
    own = arms.kept[0]
    assert own.labels[3] == (given[3] + 1) % 3
    assert arms.given[3] == given[3]
    assert "1 labels corrected" in " ".join(arms.notes)


def test_without_a_split_a_stratified_part_is_set_aside_for_good():
    _, view, given, _ = world()
    alone = view_of({"el2n": view.scores["el2n"].values}, labels=given, splits=["train"] * len(given), classes=3)
    units = np.arange(len(given)) // 2  # twins stay together
    rows = np.arange(len(given))
    part = set_aside_rows(given, units, rows, 0)
    assert 0.15 < len(part) / len(given) < 0.25
    assert set(units[part]).isdisjoint(set(units[np.setdiff1d(rows, part)]))
    whole = np.bincount(given) / len(given)
    assert np.bincount(given[part]) / len(part) == pytest.approx(whole, abs=0.06)
    held_out = held_out_rows(alone, part)
    assert held_out.set_aside
    assert "set aside" in held_out.words
    arms = make_arms(alone, dropping(100), {}, held_out, (0.5,))
    assert np.array_equal(np.sort(np.concatenate([arms.candidates, part])), rows)
    assert len(arms.kept[0].rows) == len(arms.candidates) - 100  # the cut counted no row of the part
    with pytest.raises(RulesError, match="no held-out rows"):
        held_out_rows(alone)


def test_a_test_split_is_measured_on_before_a_valid_one_that_scores_may_have_read():
    splits = ["train"] * 20 + ["valid"] * 10 + ["test"] * 10
    view = view_of({"el2n": np.arange(40.0)}, labels=np.arange(40) % 2, splits=splits)
    assert held_out_rows(view).rows.tolist() == list(range(30, 40))


def test_fewer_than_three_seeds_and_impossible_fractions_are_refused(tmp_path):
    x, view, _, _ = world()
    arms = arms_of(view, dropping(100))
    with pytest.raises(CurationError, match="2 seeds"):
        retrain(arms, LogisticLearner(x, 3, arms.candidates, arms.held_out.rows), asked(2), tmp_path, SilentProgress())
    with pytest.raises(RulesError, match="1.5"):
        arms_of(view, dropping(100), fractions=(1.5,))


def test_a_band_is_the_t_interval_of_scipy():
    values = np.array([0.81, 0.84, 0.86, 0.79])
    found = over_seeds(values)
    low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high))


def test_verdicts_on_made_cases():
    rng = np.random.default_rng(0)
    base = rng.random((3, 2000)) < 0.8
    assert verdict(*_ends(paired(base, base))) == "no different from"
    better = base | (rng.random(base.shape) < 0.3)
    assert verdict(*_ends(paired(better, base))) == "better than"
    assert verdict(*_ends(paired(base, better))) == "worse than"
    few = better[:, :12], base[:, :12]
    assert paired(*few).high - paired(*few).low > paired(better, base).high - paired(better, base).low


def _ends(estimate):
    return estimate.low, estimate.high


def test_the_paired_interval_covers_a_known_difference():
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(200):
        hard = rng.random(150)  # rows differ in difficulty, seeds in luck: first is 10 points better in truth
        luck = rng.normal(0, 0.01, (2, 3, 1))
        first = rng.random((3, 150)) < np.clip(0.3 + 0.5 * hard + 0.1 + luck[0], 0, 1)
        second = rng.random((3, 150)) < np.clip(0.3 + 0.5 * hard + luck[1], 0, 1)
        found = paired(first, second)
        inside += found.low <= 0.1 <= found.high
    assert inside >= 184  # 95 % of 200 less two standard errors: it may be wider, never narrower


def test_smallest_subset_is_shown_only_when_sure():
    from core.evaluation.intervals import Estimate

    sure, unsure, bad = Estimate(0.0, 0.002, 20.0), Estimate(-0.004, 0.02, 20.0), Estimate(-0.1, 0.002, 20.0)
    found = smallest_subset([(0.9, 90, sure), (0.6, 60, sure), (0.3, 30, bad)])
    assert (found.fraction, found.rows) == (0.6, 60)
    assert found.confidence > 0.99
    missing = smallest_subset([(0.9, 90, unsure), (0.3, 30, bad)])
    assert missing.fraction is None
    assert missing.text.startswith("Not shown")
    assert "90 rows" in missing.text


def test_refill_goes_through_small_sets_evenly():
    rows = np.array([3, 5, 8])
    filled = refill(rows, 10, np.random.default_rng(0))
    counts = [int((filled == r).sum()) for r in rows]
    assert len(filled) == 10
    assert sorted(counts) == [3, 3, 4]


@pytest.mark.parametrize("name", ["tracin", "banzhaf", "leave_one_out"])
def test_a_score_that_read_the_held_out_labels_is_named(name):
    x, given, truth, splits = blobs()
    values = np.random.default_rng(1).random(len(given))
    goal = {"find_noise": -1}
    column = ScoreColumn(name, values, "helpful", "valuation", goal, "lowest")
    own = Threshold("el2n", "count", "above", 100)

    def notes(rules, where=splits):
        view = view_of({"el2n": values, name: column}, labels=given, splits=where, classes=3)
        return " ".join(arms_of(view, rules).notes)

    said = f"{name} read the labels of these held-out rows: the rule may look too good."
    assert said in notes(Rules(thresholds=(own,), guardrails=FREE))
    silenced = Rules(thresholds=(own,), guardrails=FREE, score_weights={name: 0.0})
    assert said not in notes(silenced)
    cut = Threshold(name, "count", "below", 100)
    assert said in notes(replace(silenced, thresholds=(cut,)))  # no weight, and yet it decides
    both = ["train"] * 400 + ["valid"] * 100 + ["test"] * 100
    assert said not in notes(Rules(thresholds=(own,), guardrails=FREE), both)


def test_weights_that_leave_the_flips_out_train_better_than_none(tmp_path):
    x, view, given, truth = world()
    right = given == truth

    def weigh(seen, outcome):
        chosen = outcome.kept & ~seen.held_out
        return np.where(chosen & right, chosen.sum() / (chosen & right).sum(), 0.0)

    arms = make_arms(view, Rules(guardrails=FREE), {}, held_out_rows(view), (0.5,), Weigher("oracle", weigh))
    learner = LogisticLearner(x, 3, arms.candidates, arms.held_out.rows)
    result = retrain(arms, learner, asked(), tmp_path, SilentProgress())
    (compared,) = (c for c in result.comparisons if c.against == "weighted")
    assert compared.verdict == "worse than"  # the rule, without weights
    assert result.weight == "oracle"
    assert "train better than without weights: +" in result.weighed
    assert [p.rows for p in result.points if p.arm == "weighted"] == [len(arms.candidates)]


def test_weights_of_zero_are_as_good_as_rows_left_out_and_ones_as_none():
    x, _, given, _ = world()
    rows = np.arange(200)
    learner = LogisticLearner(x, 3, rows, np.arange(400, 500), steps=40)
    ones = learner.predict(rows, given, 0, SilentProgress(), np.ones(len(x)))
    np.testing.assert_array_equal(ones, learner.predict(rows, given, 0, SilentProgress()))
    changed = given.copy()
    weights = np.ones(len(x))
    weights[:50], changed[:50] = 0.0, 0
    weighed = learner.predict(rows, given, 0, SilentProgress(), weights)
    np.testing.assert_array_equal(weighed, learner.predict(rows, changed, 0, SilentProgress(), weights))
