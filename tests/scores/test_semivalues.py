"""Data Shapley, Beta Shapley, Banzhaf and leave-one-out against full enumeration."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from contracts.world import tiny_world
from oracles.semivalues import (
    TableGame,
    banzhaf_weights,
    beta_weights,
    semivalue_by_enumeration,
    shapley_weights,
)

from core.scores.banzhaf import BANZHAF
from core.scores.beta_shapley import BETA_SHAPLEY
from core.scores.data_shapley import DATA_SHAPLEY
from core.scores.leave_one_out import LEAVE_ONE_OUT
from core.scores.shared.ridge_game import MOST_ROWS, RidgeGame, best_ridge
from core.scores.shared.semivalues import position_weights, sample_halves, sample_orders
from core.types.errors import CurationError


@dataclass(frozen=True)
class Whole:
    game: object
    players: np.ndarray


def whole(game):
    return [Whole(game, np.arange(len(game)))]


def ridge_game(n=8, targets=6, classes=3, seed=0, ridge=0.7):
    rng = np.random.default_rng(seed)
    x, wanted = rng.standard_normal((n + targets, 4)), np.eye(classes)[rng.integers(classes, size=n + targets)]
    return RidgeGame(x[:n], wanted[:n], x[n:], wanted[n:], ridge)


def orders(game, count, seed=1, **rest):
    return sample_orders(whole(game), count, len(game), np.random.default_rng(seed), **rest)


def halves(game, count, seed=1):
    return sample_halves(whole(game), count, len(game), np.random.default_rng(seed))


def within(found, exact):
    """All estimates within 4.5 standard errors, from independent parts. Five parts: an error of the error of 35 %."""
    error = np.sqrt((found.parts.var(axis=0, ddof=1) / len(found.parts)).mean())
    return np.abs(found.values - exact).max() <= 4.5 * error


def test_gains_along_an_order_are_refits():
    game = ridge_game()
    order = np.random.default_rng(3).permutation(8)
    values = [0.0] + [game.value(np.isin(np.arange(8), order[: m + 1])) for m in range(8)]
    np.testing.assert_allclose(game.gains(order), np.diff(values), atol=1e-12)
    np.testing.assert_allclose(game.gains(order[:3]), np.diff(values)[:3], atol=1e-12)
    assert game.value(np.zeros(8, dtype=bool)) == game.empty == 0.0


def test_leave_one_out_is_refitting():
    game, everyone = ridge_game(n=30, targets=20), np.ones(30, dtype=bool)
    slow = [game.value(everyone) - game.value(np.arange(30) != i) for i in range(30)]
    np.testing.assert_allclose(game.leave_one_out(), slow, atol=1e-12)


@pytest.mark.parametrize("n", [5, 8])
def test_shapley_is_the_enumeration(n):
    for game in (ridge_game(n), TableGame(n, seed=2)):
        exact = semivalue_by_enumeration(n, game.value, shapley_weights(n))
        found = orders(game, 2000)
        assert within(found, exact)
        # Efficiency holds order by order, for the enumeration as for any number of orders.
        assert exact.sum() == pytest.approx(game.value(np.ones(n, dtype=bool)))
        assert found.values.sum() == pytest.approx(exact.sum())
        assert orders(game, 5).values.sum() == pytest.approx(exact.sum())


def test_dummy_symmetry_linearity():
    dummy = TableGame(6, 3, dummy=2)
    assert np.array_equal(orders(dummy, 50).values == 0, np.arange(6) == 2)
    assert semivalue_by_enumeration(6, dummy.value, shapley_weights(6))[2] == pytest.approx(0)
    twins = TableGame(6, 4, twins=(1, 4))
    exact = semivalue_by_enumeration(6, twins.value, shapley_weights(6))
    assert exact[1] == pytest.approx(exact[4])
    assert within(orders(twins, 3000), exact)
    first, second, both = TableGame(6, 5), TableGame(6, 6), TableGame(6, 5)
    both.table = 2 * first.table + second.table
    np.testing.assert_allclose(
        orders(both, 20).values, 2 * orders(first, 20).values + orders(second, 20).values, atol=1e-12
    )


def test_banzhaf_is_the_enumeration():
    for game in (ridge_game(), TableGame(8, seed=7)):
        exact = semivalue_by_enumeration(8, game.value, banzhaf_weights(8))
        assert within(halves(game, 8000), exact)
    # Every estimate is unbiased, however few the sets: the mean of many tiny ones is the value.
    game = ridge_game(5)
    exact = semivalue_by_enumeration(5, game.value, banzhaf_weights(5))
    few = np.array([halves(game, 10, seed).values for seed in range(800)])
    assert np.abs(few.mean(axis=0) - exact).max() <= 4.5 * (few.std(axis=0) / np.sqrt(800)).max()


def test_the_empty_set_and_single_rows_are_sampled():
    seen = set()

    class Recording(TableGame):
        def value(self, chosen):
            seen.add(int(np.sum(chosen)))
            return super().value(chosen)

    halves(Recording(3, 0), 200)
    assert seen == {0, 1, 2, 3}


def test_beta_weights():
    for a, b in ((1, 1), (16, 1), (4, 1), (1, 4)):
        np.testing.assert_allclose(position_weights(6, a, b), beta_weights(6, a, b), rtol=1e-9)
    np.testing.assert_allclose(position_weights(6, 16, 1)[:3], [0.76, 0.19, 0.04], atol=0.006)
    np.testing.assert_allclose(position_weights(6, 4, 1), [0.444, 0.278, 0.159, 0.079, 0.032, 0.008], atol=5e-4)
    np.testing.assert_allclose(position_weights(1000, 1, 1), 1e-3, rtol=1e-6)
    assert position_weights(1000, 16, 1).sum() == pytest.approx(1.0)


def test_beta_is_the_enumeration_and_one_one_is_shapley():
    game = ridge_game()
    for a, b in ((16, 1), (4, 1), (1, 4)):
        exact = semivalue_by_enumeration(8, game.value, beta_weights(8, a, b))
        assert within(orders(game, 4000, weights=lambda n, a=a, b=b: position_weights(n, a, b)), exact)
    same = orders(game, 20, weights=lambda n: position_weights(n, 1, 1))
    np.testing.assert_allclose(same.values, orders(game, 20).values, rtol=1e-9)
    world = tiny_world()
    shapley = world.score(DATA_SHAPLEY, orders=50).values
    np.testing.assert_allclose(world.score(BETA_SHAPLEY, orders=50, alpha=1.0).values, shapley, rtol=1e-5, atol=1e-8)


def test_truncation_is_told():
    game = ridge_game(n=60, targets=30)
    loose = orders(game, 50, truncation=0.5)
    assert 0 < loose.evaluated < 1.0
    assert orders(game, 50).evaluated == 1.0
    assert tiny_world().score(DATA_SHAPLEY, truncation=0.5).meta["walked"] < 1.0


@pytest.mark.parametrize(
    ("method", "least"),  # the last row to join moves a fitted classifier little: leave-one-out is the weakest
    [(DATA_SHAPLEY, 0.95), (BETA_SHAPLEY, 0.9), (BANZHAF, 0.85), (LEAVE_ONE_OUT, 0.75)],
    ids=lambda m: getattr(m, "name", None),
)
def test_wrong_labels_get_low_values(method, least):
    world, rng = tiny_world(n=150, held_out=50, unlabeled=0), np.random.default_rng(5)
    labels = rng.integers(3, size=150)
    points = (4 * np.eye(3, 5)[labels] + rng.standard_normal((150, 5))).astype(np.float32)
    world = replace(world, evidence=replace(world.evidence, embedding=points))
    flipped = np.arange(100) % 10 == 0
    labels[:100][flipped] = (labels[:100][flipped] + 1) % 3
    values = replace(world, examples=replace(world.examples, labels=labels)).score(method).values[:100]
    assert (values[flipped][:, None] < values[~flipped]).mean() >= least


def test_the_ridge_is_chosen_by_left_out_training_rows():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((200, 10)) / np.sqrt(10), np.eye(2)[rng.integers(2, size=200)]
    assert best_ridge(x, y) == 100.0  # nothing to learn: as little as possible
    assert best_ridge(x, np.eye(2)[(x[:, 0] > 0).astype(int)]) < 100.0
    assert tiny_world().score(LEAVE_ONE_OUT, ridge=3.0).meta["ridge"] == 3.0


def test_the_error_falls_with_more_orders():
    world = tiny_world()
    few, many = world.score(DATA_SHAPLEY, orders=10), world.score(DATA_SHAPLEY, orders=1000)
    assert np.nanmean(many.standard_deviation) < 0.3 * np.nanmean(few.standard_deviation)  # 0.1 expected
    assert many.seed_count == 5


def test_too_many_rows_are_refused_in_words():
    world = tiny_world(n=MOST_ROWS + 2, held_out=1, unlabeled=0)
    for method in (DATA_SHAPLEY, BETA_SHAPLEY):
        assert f"{MOST_ROWS + 1:,}" in method.why_not(world.examples)
        with pytest.raises(CurationError, match="1,000 training rows"):
            world.score(method)
    assert BANZHAF.why_not(world.examples) == ""
