"""KNN-Shapley against enumeration of all coalitions, its recursion read aloud, and its axioms."""

import tracemalloc

import numpy as np
import pytest
from contracts.world import table, tiny_world
from oracles.valuation import knn_shapley_by_loop, knn_utility, shapley_by_enumeration

from core.scores import ScoreInputs, score_named
from core.scores.knn_shapley import knn_shapley
from core.types.errors import DataError
from core.types.evidence import Evidence
from core.types.progress import SilentProgress


def problem(n, targets, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.standard_normal((n, 2)),
        rng.integers(classes, size=n),
        rng.standard_normal((targets, 2)),
        rng.integers(classes, size=targets),
    )


@pytest.mark.parametrize(("n", "k"), [(7, 3), (6, 1), (3, 5), (8, 8), (1, 4)])
def test_equals_enumeration_of_all_coalitions(n, k):
    points, labels, targets, wanted = problem(n, 4)
    known = np.mean(
        [shapley_by_enumeration(n, knn_utility(points, labels, t, w, k)) for t, w in zip(targets, wanted, strict=True)],
        axis=0,
    )
    np.testing.assert_allclose(knn_shapley(points, labels, targets, wanted, k).values, known, atol=1e-12)


def test_equals_the_recursion():
    points, labels, targets, wanted = problem(400, 60)
    known = knn_shapley_by_loop(points, labels, targets, wanted, 10)
    np.testing.assert_allclose(knn_shapley(points, labels, targets, wanted, 10).values, known, atol=1e-12)


def test_values_sum_to_the_utility_of_everyone():
    points, labels, targets, wanted = problem(30, 5)
    whole = np.mean(
        [knn_utility(points, labels, t, w, 4)(tuple(range(30))) for t, w in zip(targets, wanted, strict=True)]
    )
    assert knn_shapley(points, labels, targets, wanted, 4).values.sum() == pytest.approx(whole)


def test_identical_points_are_worth_the_same_and_a_class_nobody_asks_for_nothing():
    points, labels, targets, wanted = problem(40, 10)
    points[7], labels[7] = points[3], labels[3]
    found = knn_shapley(points, labels, targets, wanted, 5).values
    assert found[3] == pytest.approx(found[7], abs=1e-15)
    strange = knn_shapley(points, np.full(40, 9), targets, wanted, 5).values
    assert np.array_equal(strange, np.zeros(40))


def test_order_of_rows_is_carried_through():
    points, labels, targets, wanted = problem(50, 10)
    order = np.random.default_rng(1).permutation(50)
    found = knn_shapley(points, labels, targets, wanted, 5).values
    np.testing.assert_allclose(
        knn_shapley(points[order], labels[order], targets, wanted, 5).values, found[order], atol=1e-14
    )


def test_ties_keep_the_order_of_rows():
    """All points alike: ranks are rows, so the recursion on the labels in row order."""
    labels = np.array([0, 1, 1, 0, 1])
    points, targets = np.ones((5, 3)), np.zeros((1, 3))
    known = knn_shapley_by_loop(points, labels, targets, np.array([1]), 2)
    np.testing.assert_allclose(knn_shapley(points, labels, targets, np.array([1]), 2).values, known, atol=1e-15)


def test_a_target_leaves_itself_out():
    points, labels, _, _ = problem(9, 1)
    found = knn_shapley(points, labels, points, labels, 3, own_row=np.arange(9)).values
    known = np.zeros(9)
    for i in range(9):
        rest = np.arange(9) != i
        known[rest] += knn_shapley_by_loop(points[rest], labels[rest], points[i : i + 1], labels[i : i + 1], 3) / 9
    np.testing.assert_allclose(found, known, atol=1e-12)


def test_memory_does_not_hold_all_pairs():
    points, labels, targets, wanted = problem(4_000, 3_000)
    tracemalloc.start()
    knn_shapley(points, labels, targets, wanted, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # All pairs in single precision are 48 MB, sort keys and values in double another 192 MB.
    assert peak < 120e6


def test_held_out_rows_are_the_targets():
    world = tiny_world()
    result = world.score(score_named("knn_shapley"), k=3)
    train, held_out = world.examples.train_rows, world.examples.held_out_rows
    x, y = world.evidence.embedding, world.examples.labels
    np.testing.assert_allclose(
        result.values[train], knn_shapley_by_loop(x[train], y[train], x[held_out], y[held_out], 3), atol=1e-6
    )
    assert result.undefined == {"unlabeled row": 3, "held-out row": 12}
    assert tiny_world(held_out=0).score(score_named("knn_shapley")).checks[0].light == "amber"


def test_flipped_labels_get_the_lowest_values():
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=300)
    x = 5 * np.eye(3)[truth] + rng.standard_normal((300, 3))
    labels = truth.copy()
    labels[:30] = (labels[:30] + 1) % 3
    method = score_named("knn_shapley")
    result = method.compute(
        ScoreInputs(table(labels), Evidence(embedding=x), method.needs), method.params(), SilentProgress()
    )
    assert np.isin(np.argsort(result.values)[:30], np.arange(30)).mean() >= 0.9
    assert result.skill >= 0.7


def test_one_row_has_nobody_to_be_valued_for():
    method = score_named("knn_shapley")
    inputs = ScoreInputs(table(np.zeros(1, dtype=int)), Evidence(embedding=np.ones((1, 2))), method.needs)
    with pytest.raises(DataError, match="labeled training rows"):
        method.compute(inputs, method.params(), SilentProgress())


def test_values_do_not_depend_on_the_number_of_threads(monkeypatch):
    points, labels, targets, wanted = problem(300, 90)
    alone = knn_shapley(points, labels, targets, wanted, 10).values
    monkeypatch.setattr("core.scores.knn_shapley.thread_count", lambda: 3)
    assert np.array_equal(knn_shapley(points, labels, targets, wanted, 10).values, alone)
