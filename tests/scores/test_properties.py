"""Properties that hold for any input: ties, one class, empty strata, more neighbors than rows."""

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from contracts.world import table
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles.valuation import inclusion_gradient_by_enumeration, ranked_utility
from scipy.stats import rankdata, spearmanr

from core.scores import ScoreInputs, score_named
from core.scores.aum import flag_by_threshold
from core.scores.first_learned import first_right
from core.scores.forgetting import count_forgetting
from core.scores.label_quality import label_quality
from core.scores.retrieval_importance import inclusion_gradient
from core.scores.shared.assumptions import tie_share
from core.scores.shared.closed_form_refits import class_mean_removals, neighbor_removals
from core.scores.shared.confident_joint import confident_joint
from core.scores.shared.correctness_over_time import margin_decimals
from core.scores.shared.formulas import cross_entropy, error_norm, margin_over_rest, softmax
from core.scores.shared.ridge_game import RidgeGame, copy_groups, mean_over_copies
from core.scores.shared.semivalues import position_weights
from core.scores.vog import normalize_in_class
from core.selection.allocation import draw, proportional, smallest_first
from core.types.evidence import Evidence, ThresholdRun
from core.types.progress import SilentProgress
from core.types.ranks import average_rank, spearman

few = st.integers(-3, 3).map(float)  # many ties
seeds = st.integers(0, 10_000)


@given(arrays(float, st.integers(0, 30), elements=st.one_of(few, st.just(float("nan")))))
def test_ranks_share_ties_and_leave_nan_out(values):
    finite = np.isfinite(values)
    ranks = average_rank(values)
    np.testing.assert_array_equal(ranks[finite], rankdata(values[finite]))
    assert np.isnan(ranks[~finite]).all()
    np.testing.assert_array_equal(average_rank(np.exp(values)), ranks)  # any increasing map
    counts = [np.sum(values == v) for v in values[finite]]
    assert tie_share(values) == (np.mean([c > 1 for c in counts]) if counts else 0.0)


@given(arrays(float, 12, elements=few), arrays(float, 12, elements=few))
def test_rank_correlation_is_scipys_or_zero_without_spread(a, b):
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        assert spearman(a, b) == 0.0
    else:
        np.testing.assert_allclose(spearman(a, b), spearmanr(a, b).statistic, atol=1e-12)


@given(arrays(float, (5, 3), elements=st.floats(-700, 700)), st.floats(-50, 50))
def test_difficulty_stays_in_range_for_any_logits(logits, shift):
    labels = np.array([0, 1, 2, 0, 1])
    assert np.isfinite(cross_entropy(logits, labels)).all()
    assert (cross_entropy(logits, labels) >= 0).all()
    assert (error_norm(logits, labels) <= np.sqrt(2) + 1e-12).all()
    assert np.abs(margin_over_rest(softmax(logits), labels)).max() <= 1.0
    # A constant added to all logits of a row rounds them to about 1e-13.
    np.testing.assert_allclose(error_norm(logits + shift, labels), error_norm(logits, labels), atol=1e-9)


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_forgetting_and_learning_of_any_sequence(sequence):
    text = "".join("1" if right else "0" for right in sequence)
    correct = np.array(sequence)[:, None]
    expected = text.count("10") if "1" in text else len(text)
    assert count_forgetting(correct)[0] == expected
    assert first_right(correct)[0] == (text.index("1") + 1 if "1" in text else len(text) + 1)
    assert 0 <= count_forgetting(correct)[0] <= len(text)


@given(arrays(float, st.integers(1, 20), elements=few))
def test_decimals_never_overtake_a_whole_step(margin):
    decimals = margin_decimals(margin, np.ones(len(margin), dtype=bool))
    assert ((decimals > 0) & (decimals < 1)).all()
    order = np.argsort(-margin, kind="stable")
    assert (np.diff(decimals[order]) >= 0).all()  # the larger the margin, the smaller the decimals


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), seeds)
def test_vog_in_class_has_no_mean_and_unit_spread_or_is_zero(labels, seed):
    labels, values = np.array(labels), np.random.default_rng(seed).standard_normal(len(labels)).round(1)
    out = normalize_in_class(values, labels)
    np.testing.assert_array_equal(np.isnan(out), np.bincount(labels)[labels] == 1)  # alone in its class: nothing beside
    for label in np.unique(labels):
        rows = labels == label
        if rows.sum() < 5:
            continue
        np.testing.assert_allclose(out[rows].mean(), 0.0, atol=1e-9)
        flat = np.ptp(values[rows]) == 0
        np.testing.assert_allclose(out[rows].std(), 0.0 if flat else 1.0, atol=1e-9)
        moved = normalize_in_class(np.where(rows, 3.0 * values + 7.0, values), labels)
        np.testing.assert_allclose(moved[rows], out[rows], atol=1e-6)  # unit and origin of a class do not count


@settings(max_examples=25)
@given(seeds, st.integers(2, 5), st.integers(10, 40))
def test_label_quality_and_flags_are_cleanlabs_whatever_classes_are_given(seed, classes, rows):
    rng = np.random.default_rng(seed)
    labels, p = rng.integers(classes, size=rows), rng.dirichlet(np.full(classes, 0.5), size=rows)
    labels[: 2 * classes] = np.tile(np.arange(classes), 2)  # cleanlab warns of a class with one row
    for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
        values = label_quality(labels, p, method)
        np.testing.assert_allclose(values, get_label_quality_scores(labels, p, method=method), rtol=1e-10)
        assert ((values >= 0) & (values <= 1)).all()
    found = confident_joint(labels, p)
    np.testing.assert_array_equal(found.flagged, find_label_issues(labels, p, n_jobs=1))
    np.testing.assert_allclose(found.joint.sum(), 1.0)
    assert 0 <= found.noise_rate <= 1


@given(seeds, st.integers(1, 6), st.integers(1, 8))
def test_importance_is_the_enumeration_at_any_inclusion(seed, m, k):
    rng = np.random.default_rng(seed)
    contribution = rng.integers(-2, 3, size=m) / 2
    present = rng.choice([0.0, 0.25, 0.5, 1.0], size=m)  # sure and impossible rows too
    found = inclusion_gradient(contribution[None], present[None], k)[0]
    known = inclusion_gradient_by_enumeration(present, ranked_utility(contribution, k))
    np.testing.assert_allclose(found, known, atol=1e-12)


@given(st.integers(1, 400), st.floats(0.5, 20), st.floats(0.5, 20))
def test_weights_of_positions_sum_to_one(n, alpha, beta):
    weights = position_weights(n, alpha, beta)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(), 1.0, rtol=1e-8)
    np.testing.assert_allclose(weights, position_weights(n, beta, alpha)[::-1], rtol=1e-6, atol=1e-15)


def small_game(seed, rows, classes) -> RidgeGame:
    """Points on a small grid: copies and ties abound; some classes may have no row."""
    rng = np.random.default_rng(seed)
    one_hot = np.eye(classes)
    x, targets = rng.integers(-1, 2, (rows, 2)).astype(float), rng.integers(-1, 2, (4, 2)).astype(float)
    return RidgeGame(x, one_hot[rng.integers(classes, size=rows)], targets, one_hot[rng.integers(classes, size=4)])


@given(seeds, st.integers(1, 9), st.integers(1, 12), st.integers(1, 3))
def test_neighbors_step_in_among_ties_and_beyond_the_rows(seed, rows, k, classes):
    game = small_game(seed, rows, classes)

    def value(kept):
        order = [sorted(kept, key=lambda i: (((game.x[i] - t) ** 2).sum(), i))[:k] for t in game.targets]
        votes = np.array([game.y[o].sum(axis=0) / k if o else np.zeros(classes) for o in order])
        return 1.0 - ((votes - game.target_labels) ** 2).sum(axis=1).mean()

    every = list(range(rows))
    slow = [value(every) - value([j for j in every if j != i]) for i in every]
    np.testing.assert_allclose(neighbor_removals(game, k), slow, atol=1e-12)


@given(seeds, st.integers(1, 9), st.integers(1, 4))
def test_copies_are_worth_the_same_and_class_means_always_have_values(seed, rows, classes):
    game = small_game(seed, rows, classes)
    values = class_mean_removals(game)
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= 2.0
    copies = copy_groups(game.x, game.y.argmax(axis=1))
    np.testing.assert_allclose(mean_over_copies(values, copies), values, atol=1e-9)


@given(seeds, st.integers(2, 30), st.integers(1, 40))
def test_with_one_class_every_neighbor_agrees(seed, rows, k):
    points = np.random.default_rng(seed).integers(-1, 2, (rows, 2)).astype(np.float32)
    method = score_named("knn_label_agreement")
    inputs = ScoreInputs(table(np.zeros(rows, dtype=int), classes=1), Evidence(embedding=points), method.needs)
    assert (method.compute(inputs, method.params(k=k), SilentProgress()).values == 1.0).all()


@given(seeds, st.integers(4, 20))
def test_a_larger_margin_never_gets_a_row_flagged(seed, rows):
    rng = np.random.default_rng(seed)
    margins = rng.integers(-3, 4, (2, 3, rows)).astype(np.float32)
    runs = [ThresholdRun(np.array([0]), margins[0]), ThresholdRun(np.array([1]), margins[1])]
    before, _ = flag_by_threshold(runs, 3)
    raised = margins.copy()
    raised[:, :, 3] += 1.0
    after, _ = flag_by_threshold([ThresholdRun(run.relabeled, m) for run, m in zip(runs, raised, strict=True)], 3)
    assert after[3] <= before[3]
    np.testing.assert_array_equal(np.delete(after, 3), np.delete(before, 3))


@given(st.lists(st.integers(0, 6), min_size=1, max_size=8), st.integers(0, 60), seeds)
def test_budgets_are_met_with_empty_strata_and_beyond_the_rows(sizes, budget, seed):
    sizes = np.array(sizes)
    group = np.repeat(np.arange(len(sizes)), sizes)
    for share in (smallest_first, proportional):
        given = share(sizes, budget)
        assert given.sum() == min(budget, sizes.sum())
        assert ((given >= 0) & (given <= sizes)).all()
        chosen = draw(np.random.default_rng(seed).random(len(group)), group, given)
        np.testing.assert_array_equal(np.bincount(group[chosen], minlength=len(sizes)), given)
        assert len(np.unique(chosen)) == len(chosen)
