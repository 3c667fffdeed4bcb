"""Behaviors of reference code (METHODS: What reference code gets wrong): each would fail one of these."""

import numpy as np
import pytest
from oracles.softmax_regression import fit, leave_one_out
from sklearn.datasets import load_digits

from core.scores.influence import InfluenceParams
from core.scores.shared.held_out_targets import LastLayer
from core.scores.shared.last_layer.approximate import DataInfSolver
from core.scores.shared.last_layer.exact import dense_hessian
from core.scores.shared.last_layer.influence import influence_on_targets
from core.scores.shared.last_layer.iterative import LiSSASolver
from core.scores.shared.last_layer.problem import SoftmaxRows
from core.scores.tracin import tracin_on_targets
from core.scores.trak import TRAKParams, trak
from core.types.progress import SilentProgress

QUIET = SilentProgress()


@pytest.fixture(scope="module")
def problem():
    """(layer, labels, retrained effect): digits 3 or 8, 120 training rows, 60 held out."""
    x, y = load_digits(return_X_y=True)
    keep = np.isin(y, (3, 8))
    x, y = (x / 16 - (x / 16).mean(axis=0))[keep][:180], np.searchsorted((3, 8), y[keep])[:180]
    layer = LastLayer(x, x @ fit(x[:120], y[:120], 2, 0.04), np.arange(120), np.arange(120, 180), 0.04, has_bias=False)
    return layer, y, leave_one_out(x[:120], y[:120], x[120:], y[120:], classes=2, ridge=0.04)


def rows_of(layer):
    p = np.exp(layer.logits[layer.trained])
    ridge = np.full(layer.features.shape[1], layer.weight_decay)
    return SoftmaxRows(layer.features[layer.trained], p / p.sum(axis=1, keepdims=True), ridge)


def test_lissa_adds_the_damping_and_does_not_take_it_off(problem):
    """DataInf's own LiSSA iterates with (g g' - lambda I): the answer must solve H + lambda, not H - lambda."""
    rows, gradient = rows_of(problem[0]), np.random.default_rng(0).standard_normal((64, 2))
    solution = LiSSASolver(rows, QUIET).solve(gradient).T.ravel()
    bare = dense_hessian(SoftmaxRows(rows.features, rows.probabilities, np.zeros(64)), QUIET)
    for sign, near in ((1, True), (-1, False)):
        residual = (bare + sign * 0.04 * np.eye(128)) @ solution - gradient.T.ravel()
        assert (np.linalg.norm(residual) <= 1e-6 * np.linalg.norm(gradient)) == near


def test_the_same_damping_means_the_same_for_every_solver(problem):
    """influence-release's damping of LiSSA counts `scale` times; here one number gives one answer."""
    rows, gradient = rows_of(problem[0]), np.random.default_rng(0).standard_normal((64, 2))
    usual = LiSSASolver(rows, QUIET)
    for scale in (2 * usual.scale, 5 * usual.scale):
        other = LiSSASolver(rows, QUIET, scale=scale).solve(gradient)
        np.testing.assert_allclose(other, usual.solve(gradient), rtol=1e-4, atol=1e-6)


def test_influence_has_its_hessian(problem):
    """opendataval's influence is a plain sum of gradient products, in another order and on another scale."""
    layer, labels, truth = problem
    found = influence_on_targets(layer, labels, InfluenceParams(damping=0.0)).values
    plain = tracin_on_targets(layer, labels) / 120
    assert np.corrcoef(found, truth)[0, 1] > 0.99 > np.corrcoef(plain, truth)[0, 1]
    assert np.cov(found, truth)[0, 1] / found.var(ddof=1) == pytest.approx(1.0, abs=0.05)
    assert not 0.2 < np.cov(plain, truth)[0, 1] / plain.var(ddof=1) < 5


def test_trak_keeps_the_scale_of_its_kernel(problem):
    """TRAK's code divides the inverse by its mean absolute entry; ours answers in units of the margin."""
    layer, labels, _ = problem
    ridge = 1e6  # so large that the inverse is 1 / ridge
    once, twice = (trak(layer, labels, TRAKParams(ridge=r)).effects for r in (ridge, 2 * ridge))
    np.testing.assert_allclose(once, 2 * twice, rtol=1e-3, atol=1e-3 * np.abs(once).max())


def test_datainf_is_held_against_retraining_not_against_the_inverse_it_approximates(problem):
    """METHODS: Influence against retraining: on the same lambda it beats the exact inverse of the empirical Fisher."""
    layer, labels, truth = problem
    x, targets = layer.features[:120], layer.features[120:]
    p = np.exp(layer.logits)
    deltas = p / p.sum(axis=1, keepdims=True) - np.eye(2)[labels]
    query = targets.T @ deltas[120:] / 60
    gradients = (x[:, :, None] * deltas[:120, None, :]).reshape(120, -1)
    lift = 0.1 * (gradients**2).mean()
    solver = DataInfSolver(SoftmaxRows(x, rows_of(layer).probabilities, np.full(64, lift)), deltas[:120], QUIET)
    approximate = ((x @ solver.solve(query)) * deltas[:120]).sum(axis=1)
    fisher = gradients.T @ gradients / 120 + lift * np.eye(128)
    exact = gradients @ np.linalg.solve(fisher, query.ravel())
    assert np.corrcoef(approximate, truth)[0, 1] > 0.9
    assert np.corrcoef(approximate, truth)[0, 1] > np.corrcoef(exact, truth)[0, 1]
