"""Memorization against every subset of a few rows, and what copies and lone labels must give."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from contracts.world import World, table, tiny_world

from core.scores.memorization import MEMORIZATION, balanced_subsets, nearest_votes
from core.scores.shared.subset_runs import memorization_of_runs
from core.types.evidence import Evidence


def world_of(points, labels):
    evidence = Evidence(embedding=np.asarray(points, dtype=np.float32), embedding_name="points")
    return World(table(np.asarray(labels)), evidence)


def memorization_by_enumeration(points, labels, ratio):
    """[n] exact, for a 1-nearest-neighbor learner, over all 2^n subsets."""
    n = len(points)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    hit, mass = np.zeros((2, n)), np.zeros((2, n))
    for bits in product((0, 1), repeat=n):
        chosen = np.flatnonzero(bits)
        weight = ratio ** len(chosen) * (1 - ratio) ** (n - len(chosen))
        for i in range(n):
            nearest = chosen[distances[i, chosen].argmin()] if len(chosen) else None
            mass[bits[i], i] += weight
            hit[bits[i], i] += weight * (nearest is not None and labels[nearest] == labels[i])
    return hit[1] / mass[1] - hit[0] / mass[0]


@pytest.mark.parametrize("ratio", [0.7, 0.3])
def test_equals_the_enumeration_of_all_subsets(ratio):
    rng = np.random.default_rng(0)
    points, labels = rng.standard_normal((10, 2)).astype(np.float32), rng.integers(2, size=10)
    exact = memorization_by_enumeration(points.astype(float), labels, ratio)
    found = world_of(points, labels).score(MEMORIZATION, subsets=5000, ratio=ratio).values
    # 1,500 subsets or more without each row: a standard error of at most .013; four of them.
    assert np.abs(found - exact).max() <= 0.052
    assert exact.std() > 0.1


def test_copies_are_not_memorized_and_a_lone_label_is():
    rng = np.random.default_rng(1)
    points, labels = rng.standard_normal((60, 3)), np.zeros(60, dtype=int)
    labels[0] = 1
    points[50:], labels[50:] = points[49], 1  # eleven copies of row 49, all with the other label
    labels[49] = 1
    values = world_of(points, labels).score(MEMORIZATION).values
    assert values[0] == 1.0
    assert np.abs(values[49:]).max() == 0.0


def test_estimate_over_runs_and_its_guard():
    inside = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], dtype=bool)
    correct = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [1, 1, 0]], dtype=bool)
    np.testing.assert_array_equal(memorization_of_runs(inside, correct), [0.5, 0.5, np.nan])


def test_subsets_are_balanced_and_independent_between_rows():
    inside = balanced_subsets(200, 2000, 0.7, np.random.default_rng(0))
    assert (inside.reshape(-1, 10, 200).sum(axis=1) == 7).all()
    together = np.corrcoef(inside.T.astype(float)) - np.eye(200)
    assert np.abs(together).max() < 5 / np.sqrt(2000)


def test_votes_of_several_neighbors():
    order, labels = np.array([[1, 2, 3], [0, 2, 3], [3, 1, 0], [2, 1, 0]]), np.array([0, 1, 1, 1])
    everyone = np.ones(4, dtype=bool)
    assert nearest_votes(order, labels, everyone, 1, 2).all()
    assert nearest_votes(order, labels, everyone, 3, 2).tolist() == [False, True, True, True]
    assert nearest_votes(order, labels, everyone, 2, 2).tolist() == [True, True, True, True]  # the nearest of equals
    assert not nearest_votes(order, labels, ~everyone, 1, 2).any()


def test_wrong_labels_are_memorized():
    world, rng = tiny_world(n=150, held_out=0, unlabeled=0), np.random.default_rng(5)
    labels = rng.integers(3, size=150)
    points = (4 * np.eye(3, 5)[labels] + rng.standard_normal((150, 5))).astype(np.float32)
    flipped = np.arange(150) % 10 == 0
    labels[flipped] = (labels[flipped] + 1) % 3
    world = replace(world, examples=replace(world.examples, labels=labels))
    world = replace(world, evidence=replace(world.evidence, embedding=points))
    result = world.score(MEMORIZATION)
    assert (result.values[flipped][:, None] > result.values[~flipped]).mean() >= 0.95
    assert result.seed_count == 5
    assert (result.standard_deviation / np.sqrt(5)).mean() <= 0.08
