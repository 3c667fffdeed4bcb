"""TracIn against steps of gradient descent, TRAK against its formula and against retraining."""

import numpy as np
import pytest
from oracles.softmax_regression import fit, mean_loss
from scipy.stats import spearmanr
from sklearn.datasets import load_digits

from core.scores.shared.formulas import residual, softmax
from core.scores.shared.held_out_targets import LastLayer
from core.scores.tracin import tracin_on_targets
from core.scores.trak import TRAKParams, margin_pulls, project, sign_projection, trak

rng = np.random.default_rng(0)


def small_layer(train=12, targets=4, width=5, classes=3, has_bias=False):
    n = train + targets
    random = np.random.default_rng(4)
    x, weights = random.standard_normal((n, width)), random.standard_normal((width, classes))
    labels = random.integers(classes, size=n)
    return LastLayer(x, x @ weights, np.arange(train), np.arange(train, n), 0.01, has_bias), labels, weights


def test_one_step_on_a_row_lowers_the_loss_by_tracin():
    layer, labels, weights = small_layer()
    x, targets = layer.features, layer.targets
    before = mean_loss(x[targets], labels[targets], weights)
    rate = 1e-6
    for i, value in enumerate(tracin_on_targets(layer, labels)):
        step = np.outer(x[i], residual(layer.logits[i : i + 1], labels[i : i + 1])[0])
        after = mean_loss(x[targets], labels[targets], weights - rate * step)
        # Second-order terms are of the size of the rate.
        assert (before - after) / rate == pytest.approx(value, rel=1e-3, abs=1e-5)


def test_equals_n_times_influence_with_the_identity_for_curvature():
    layer, labels, _ = small_layer(has_bias=True)
    x = np.hstack([layer.features, np.ones((16, 1))])
    gradients = np.einsum("nd,nc->ndc", x, residual(layer.logits, labels)).reshape(16, -1)
    plain = gradients[:12] @ gradients[12:].mean(axis=0)
    np.testing.assert_allclose(tracin_on_targets(layer, labels), plain, rtol=1e-12)
    lengths = np.linalg.norm(gradients[:12], axis=1) * np.linalg.norm(gradients[12:].mean(axis=0))
    np.testing.assert_allclose(tracin_on_targets(layer, labels, normalized=True), plain / lengths, rtol=1e-12)


def test_flipped_copy_of_a_target_harms_and_a_true_copy_helps():
    layer, labels, _ = small_layer(targets=1)
    x, labels = layer.features.copy(), labels.copy()
    x[0] = x[1] = x[12]
    labels[0], labels[1] = labels[12], (labels[12] + 1) % 3
    logits = layer.logits.copy()
    logits[0] = logits[1] = logits[12]
    copied = layer._replace(features=x, logits=logits)
    assert tracin_on_targets(copied, labels)[0] > 0 > tracin_on_targets(copied, labels)[1]
    effects = trak(copied, labels).effects[0]
    assert effects[0] > 0 > effects[1]


def test_margin_pulls_are_the_gradient_of_the_margin():
    logits, labels = rng.standard_normal((6, 4)), rng.integers(4, size=6)

    def margin(z):
        p = softmax(z)[np.arange(6), labels]
        return np.log(p / (1 - p))

    pulls, step = margin_pulls(logits, labels), 1e-6
    for c in range(4):
        moved = np.zeros_like(logits)
        moved[:, c] = step
        np.testing.assert_allclose(
            (margin(logits + moved) - margin(logits - moved)) / (2 * step), pulls[:, c], atol=1e-8
        )
    doubt = 1 - softmax(logits)[np.arange(6), labels]
    np.testing.assert_allclose(residual(logits, labels), -doubt[:, None] * pulls, atol=1e-12)


def test_without_projection_it_is_the_newton_step_without_weights_and_leverage():
    """One weight vector w = w1 - w0 and s = +1 or -1: s_t x_t' (X'X + ridge / 2)^-1 s_i x_i (1 - p_i)."""
    layer, labels, _ = small_layer(classes=2)
    found = trak(layer, labels, TRAKParams(k=512, ridge=0.8), pairs=True)
    signed = layer.features * (2 * labels - 1)[:, None]
    own = signed[:12]
    newton = signed[12:] @ np.linalg.solve(own.T @ own + 0.4 * np.eye(5), own.T)
    np.testing.assert_allclose(found.effects, newton, rtol=1e-4, atol=1e-6)  # a jitter of 1e-6 on the kernel
    p = softmax(layer.logits)[np.arange(16), labels][:12]
    np.testing.assert_allclose(found.doubts, 1 - p)
    assert trak(layer, labels).ridge == pytest.approx(12 * 0.01 / (p * (1 - p)).mean())


def test_projection_keeps_inner_products_to_one_over_root_k():
    x, pulls = rng.standard_normal((20, 30)), rng.standard_normal((20, 40))
    pulls -= pulls.mean(axis=1, keepdims=True)  # as pulls on logits are
    truth = (x @ x.T) * (pulls @ pulls.T)
    scale = np.sqrt(np.outer(np.diag(truth), np.diag(truth)))
    errors = []
    for k in (64, 1024):
        phi = project(x, pulls, sign_projection(30, 40, k, np.random.default_rng(1)))
        errors.append(np.sqrt((((phi @ phi.T - truth) / scale) ** 2).mean()) * np.sqrt(k))
    # The relative error is about c / sqrt(k) with c between 1 and 3 for a product of two sign projections.
    assert all(0.5 < error < 3 for error in errors)
    assert sign_projection(30, 40, 1200, rng) is None


def test_matched_ridge_predicts_retraining_on_half_subsets():
    """METHODS: Influence against retraining: correlation .97 with the matched ridge, .56 without one."""
    x, y = load_digits(return_X_y=True)
    keep = np.isin(y, (3, 8))
    x, y = (x / 16 - (x / 16).mean(axis=0))[keep][:300], np.searchsorted((3, 8), y[keep])[:300]
    layer = LastLayer(x, x @ fit(x[:200], y[:200], 2, 0.04), np.arange(200), np.arange(200, 300), 0.04, has_bias=False)
    random, masks, margins = np.random.default_rng(0), [], []
    for _ in range(60):
        chosen = np.isin(np.arange(200), random.choice(200, 100, replace=False))
        z = x[200:] @ fit(x[:200][chosen], y[:200][chosen], 2, 0.04)
        masks.append(chosen)
        margins.append((z[:, 1] - z[:, 0]) * (2 * y[200:] - 1))
    masks, margins = np.array(masks, dtype=float), np.array(margins)

    def correlation(effects):
        predicted = masks @ effects.T
        return np.mean([spearmanr(predicted[:, t], margins[:, t]).statistic for t in range(100)])

    def attributed(**params):
        found = trak(layer, y, TRAKParams(**params), pairs=True)
        return found.effects * found.doubts

    matched = correlation(attributed())
    assert matched >= 0.93
    assert correlation(attributed(ridge=0.02)) < matched - 0.1
    assert correlation(attributed(k=64)) > 0.6
    deltas = residual(layer.logits, y)
    plain = (x[200:] @ x[:200].T) * (deltas[200:] @ deltas[:200].T)
    assert matched > correlation(plain)


def test_without_weight_decay_the_ridge_is_the_mean_eigenvalue():
    layer, labels, _ = small_layer(classes=2)
    free = layer._replace(weight_decay=0.0)
    phi = project(free.features[:12], margin_pulls(free.logits[:12], labels[:12]), None)
    assert trak(free, labels).ridge == pytest.approx((phi**2).sum() / phi.shape[1])
