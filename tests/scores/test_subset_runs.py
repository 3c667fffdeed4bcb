"""What subset runs tell about pairs of rows, against enumeration, against memorization and against Data Banzhaf."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scores.shared.semivalues import sample_halves
from core.scores.shared.subset_runs import banzhaf_of_runs, influence_of_runs, memorization_of_runs, play_subsets
from core.types.errors import DataError


def nearest_is_right(points, labels, chosen, where, wanted):
    """[V] is the nearest chosen row of each target of its class?"""
    if not len(chosen):
        return np.zeros(len(where), dtype=bool)
    distances = np.linalg.norm(where[:, None] - points[chosen][None], axis=2)
    return labels[chosen][distances.argmin(axis=1)] == wanted


def test_all_subsets_of_a_nearest_neighbor_learner():
    """Over all 2^n subsets the estimate is the plain mean difference; a target's own twin is what helps it."""
    rng = np.random.default_rng(0)
    points, labels = rng.standard_normal((7, 2)), rng.integers(2, size=7)
    targets, wanted = np.vstack([points[3] + 1e-3, rng.standard_normal((2, 2))]), np.array([labels[3], 0, 1])
    inside = np.array(list(product((False, True), repeat=7)))
    outcomes = np.array([nearest_is_right(points, labels, np.flatnonzero(s), targets, wanted) for s in inside])
    found = influence_of_runs(inside, outcomes)
    for t, i in product(range(3), range(7)):
        slow = outcomes[inside[:, i], t].mean() - outcomes[~inside[:, i], t].mean()
        assert found[t, i] == pytest.approx(slow)
    assert found[0].argmax() == 3


def test_memorization_is_the_diagonal_of_pairs():
    rng = np.random.default_rng(1)
    inside, own = rng.random((40, 6)) < 0.5, rng.random((40, 6))
    np.testing.assert_allclose(memorization_of_runs(inside, own), np.diag(influence_of_runs(inside, own)))


def test_banzhaf_of_the_same_sets_is_data_banzhaf():
    """`sample_halves` plays sets with their complements; the same sets as runs give the same values."""

    class Recorder:
        empty = 0.0

        def __init__(self):
            self.played = []

        def __len__(self):
            return 6

        def value(self, chosen):
            mask = np.zeros(6, dtype=bool)
            mask[chosen] = True
            value = float(mask @ np.arange(1.0, 7.0) + mask[0] * mask[1])
            self.played.append((mask, value))
            return value

        def gains(self, order):
            raise NotImplementedError

    class Match:
        game, players = Recorder(), np.arange(6)

    found = sample_halves([Match], 200, 6, np.random.default_rng(2))
    inside, values = (np.array(part) for part in zip(*Match.game.played, strict=True))
    np.testing.assert_allclose(banzhaf_of_runs(inside, values), found.values, rtol=1e-9)


def test_one_set_of_trainings_serves_memorization_pairs_and_banzhaf():
    """A nearest-neighbor learner on 40 rows: a lone label is memorized, and harms its twin."""
    rng = np.random.default_rng(3)
    points, labels = rng.standard_normal((40, 2)), np.zeros(40, dtype=int)
    labels[:20] = 1
    points[:20] += 6.0
    labels[5] = 0  # alone among ones
    targets, wanted = points[[5, 8]] + 1e-3, np.array([1, 1])

    def right(chosen, where, given):
        return nearest_is_right(points, labels, chosen, where, given)

    inside, outcomes = play_subsets(
        lambda rows: right(rows, np.vstack([points, targets]), np.append(labels, wanted)), 40
    )
    assert inside.sum(axis=0).tolist() == [140] * 40
    memorized = memorization_of_runs(inside, outcomes[:, :40])
    assert memorized.argmax() == 5
    assert memorized[5] == 1.0
    pairs = influence_of_runs(inside, outcomes[:, 40:])
    assert pairs[0].argmin() == 5
    assert pairs[0, 5] < -0.9
    assert abs(pairs[1, 5]) < 0.3
    assert banzhaf_of_runs(inside, outcomes[:, 40:].mean(axis=1)).argmin() == 5


@given(st.integers(2, 30), st.integers(1, 6), st.integers(1, 4), st.integers(0, 2**31))
def test_runs_of_one_kind_only_are_not_defined(runs, rows, targets, seed):
    rng = np.random.default_rng(seed)
    inside, outcomes = rng.random((runs, rows)) < 0.5, rng.random((runs, targets))
    found = influence_of_runs(inside, outcomes)
    without = inside.all(axis=0) | ~inside.any(axis=0)
    np.testing.assert_array_equal(np.isnan(found), np.broadcast_to(without, found.shape))
    assert np.nanmax(np.abs(np.nan_to_num(found))) <= 1.0


def test_lines_that_do_not_fit_are_told():
    with pytest.raises(DataError, match="Subsets of shape"):
        influence_of_runs(np.ones((3, 2), dtype=bool), np.ones((2, 2)))
    with pytest.raises(DataError, match="Outcomes of 4 rows for 2"):
        memorization_of_runs(np.ones((3, 2), dtype=bool), np.ones((3, 4)))
    with pytest.raises(DataError, match="1 rows in subsets"):
        play_subsets(lambda rows: rows, 1)
    with pytest.raises(DataError, match="not finite"):
        banzhaf_of_runs(np.ones((2, 2), dtype=bool), np.array([1.0, np.nan]))
