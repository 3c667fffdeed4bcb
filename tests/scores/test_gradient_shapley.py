"""Gradient Shapley: a slow loop, efficiency, equal rows, wrong labels, and what it costs."""

from dataclasses import replace

import numpy as np
import pytest
from contracts.world import tiny_world
from oracles.gradient_shapley import fit, gains_by_loop

from core.scores import score_named
from core.scores.gradient_shapley import Descent, best_rate, order_gains
from core.types.progress import SilentProgress

METHOD = score_named("gradient_shapley")


def walk_of(n=9, targets=7, classes=3, seed=0, flip=0.0) -> tuple[Descent, np.ndarray]:
    """Points around one center per class, a column of ones; and which labels are wrong."""
    rng = np.random.default_rng(seed)
    truth, wanted = rng.integers(classes, size=n), rng.integers(classes, size=targets)
    centers = 1.5 * np.eye(classes, 4)
    x, seen = (np.hstack([centers[t] + 0.5 * rng.standard_normal((len(t), 4)), np.ones((len(t), 1))])
               for t in (truth, wanted))  # fmt: skip
    wrong = rng.random(n) < flip
    return Descent(x, np.where(wrong, (truth + 1) % classes, truth), seen, wanted, classes), wrong


@pytest.mark.parametrize("kind", ["log_likelihood", "accuracy"])
def test_every_step_is_the_slow_loops(kind):
    descent, _ = walk_of()
    rng = np.random.default_rng(1)
    orders = np.stack([rng.permutation(9) for _ in range(4)])
    slow = [
        gains_by_loop(descent.x, descent.y, descent.targets, descent.target_labels, 3, order, 0.3, kind)
        for order in orders
    ]
    # Both in double precision; the targets' logits are summed over steps instead of taken from the weights.
    np.testing.assert_allclose(order_gains(descent, orders, 0.3, kind, SilentProgress()), slow, atol=1e-12)


def test_gains_of_an_order_sum_to_what_training_gained():
    descent, _ = walk_of(n=30)
    gains = order_gains(descent, np.arange(30)[None], 0.2, "log_likelihood", SilentProgress())
    weights = np.zeros((3, 5))
    for i in range(30):
        z = weights @ descent.x[i]
        p = np.exp(z) / np.exp(z).sum()
        weights -= 0.2 * np.outer(p - np.eye(3)[descent.y[i]], descent.x[i])
    whole = fit(weights, descent.targets, descent.target_labels, "log_likelihood")
    assert gains.sum() == pytest.approx(whole + np.log(3), abs=1e-12)


def test_a_step_of_vanishing_length_gains_tracin():
    """In the limit every gain is rate times the inner product of the row's and the targets' gradient (at w = 0)."""
    descent, _ = walk_of()
    gains = order_gains(descent, np.arange(9)[None], 1e-7, "log_likelihood", SilentProgress())[0] / 1e-7
    pull = (np.eye(3)[descent.target_labels] - 1 / 3).T @ descent.targets / len(descent.targets)
    expected = ((np.eye(3)[descent.y] - 1 / 3) @ pull * descent.x).sum(axis=1)
    np.testing.assert_allclose(gains, expected, atol=2e-6)  # second-order terms of nine steps of 1e-7, differenced


def test_the_learning_rate_is_neither_too_small_nor_chosen_by_targets():
    descent, _ = walk_of(n=200)
    rate = best_rate(descent, np.random.default_rng(0))
    assert 10**-1.5 <= rate <= 1.0
    blind = Descent(descent.x, descent.y, descent.targets[:0], descent.target_labels[:0], 3)
    assert best_rate(blind, np.random.default_rng(0)) == rate


def test_wrong_labels_get_low_values_and_the_error_is_told():
    descent, wrong = walk_of(n=150, targets=60, flip=0.2)
    rng = np.random.default_rng(0)
    orders = np.stack([rng.permutation(150) for _ in range(60)])
    values = order_gains(descent, orders, 0.1, "log_likelihood", SilentProgress()).mean(axis=0)
    pairs = (values[wrong][:, None] < values[~wrong]).mean()  # AUROC of low values for wrong labels
    assert pairs >= 0.95


def test_more_orders_make_the_error_smaller():
    world = tiny_world()
    spread = [np.nanmean(world.score(METHOD, orders=orders).standard_deviation) for orders in (5, 45)]
    assert spread[1] < 0.6 * spread[0]  # about a third, of five parts each


def test_it_says_how_many_orders_it_took_and_at_which_rate():
    result = tiny_world().score(METHOD, orders=12)
    assert result.meta["orders"] == 10  # two in each of the five parts
    assert len(result.meta["learning_rates"]) == result.meta["networks"] == 2
    assert result.per_seed.shape == (5, 60)
    assert "error" in {check.name for check in result.checks}
    assert tiny_world().score(METHOD).meta["orders"] == 100


def test_many_orders_are_walked_in_blocks_with_the_same_sum(monkeypatch):
    whole = tiny_world().score(METHOD, orders=40).values
    monkeypatch.setattr("core.scores.gradient_shapley._BLOCK_CELLS", 3 * 12 * 3)
    np.testing.assert_allclose(tiny_world().score(METHOD, orders=40).values, whole, atol=1e-7)


def test_features_of_networks_that_learned_by_heart_are_told():
    world = tiny_world()
    light = lambda w: next(c for c in w.score(METHOD, orders=5).checks if c.name == "memorization").light  # noqa: E731
    assert light(world) == "green"
    labels = np.maximum(world.examples.labels, 0)
    sure = np.where(np.arange(60)[:, None] < 48, 9.0 * np.eye(3)[labels], 9.0 * np.eye(3)[(labels + 1) % 3])
    by_heart = tuple(replace(c, logits=sure.astype(np.float32)) for c in world.evidence.checkpoints)
    assert light(replace(world, evidence=replace(world.evidence, checkpoints=by_heart))) == "amber"
