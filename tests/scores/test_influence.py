"""Influence against exact retraining, solvers against each other, signs."""

import numpy as np
import pytest
from oracles.softmax_regression import fit, hessian, leave_one_out, probabilities
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from core.scores.influence import InfluenceParams
from core.scores.shared.held_out_targets import LastLayer
from core.scores.shared.last_layer.exact import DenseSolver, dense_hessian
from core.scores.shared.last_layer.influence import influence_on_targets
from core.scores.shared.last_layer.iterative import ConjugateGradientSolver
from core.scores.shared.last_layer.problem import SoftmaxRows, hessian_product, leave_out_residuals, leverage
from core.types.errors import CurationError
from core.types.progress import SilentProgress

EXACT = InfluenceParams(damping=0.0)
QUIET = SilentProgress()


def digits(classes: tuple[int, ...], train: int, held_out: int):
    """(x, y, targets, target labels): pixels / 16 minus the mean image of all digits; a stratified split."""
    x, y = load_digits(return_X_y=True)
    rows = np.isin(y, classes)
    x, y = (x / 16 - (x / 16).mean(axis=0))[rows], np.searchsorted(classes, y[rows])
    x, targets, y, wanted = train_test_split(x, y, train_size=train, test_size=held_out, random_state=0, stratify=y)
    return x, y, targets, wanted


def fitted_layer(x, y, targets, target_labels, classes: int, ridge: float) -> tuple[LastLayer, np.ndarray]:
    """The regression as a last layer without bias (no constant column either)."""
    every, labels = np.vstack([x, targets]), np.concatenate([y, target_labels])
    weights = fit(x, y, classes, ridge)
    n = len(x)
    return LastLayer(every, every @ weights, np.arange(n), np.arange(n, len(every)), ridge, has_bias=False), labels


def slope(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Of the regression of the retrained effect on the predicted one, both about their means."""
    return float(np.cov(predicted, truth)[0, 1] / predicted.var(ddof=1))


@pytest.fixture(scope="module")
def three_or_eight():
    # The penalty 0.01 ||w||^2 of one weight vector w = w1 - w0 is 0.04 / 2 ||W||^2 of the two columns (-w/2, w/2).
    problem = digits((3, 8), 200, 100)
    return problem, leave_one_out(*problem, classes=2, ridge=0.04)


def test_predicts_exact_retraining(three_or_eight):
    problem, truth = three_or_eight
    layer, labels = fitted_layer(*problem, classes=2, ridge=0.04)
    raw = influence_on_targets(layer, labels, InfluenceParams(damping=0.0, leverage=False)).values
    corrected = influence_on_targets(layer, labels, EXACT).values
    assert np.corrcoef(raw, truth)[0, 1] >= 0.99
    assert 0.9 <= slope(raw, truth) <= 1.25
    assert np.corrcoef(corrected, truth)[0, 1] >= 0.999
    assert 0.97 <= slope(corrected, truth) <= 1.03


def test_the_default_damping_keeps_the_order_and_not_the_unit():
    """What the docstring says of it; measured 1.45 and .975, without damping 1.09."""
    problem = digits((3, 8), 200, 100)
    truth = leave_one_out(*problem, classes=2, ridge=0.001)
    layer, labels = fitted_layer(*problem, classes=2, ridge=0.001)
    damped = influence_on_targets(layer, labels).values
    assert np.corrcoef(damped, truth)[0, 1] >= 0.97
    assert slope(damped, truth) >= 1.3
    assert slope(influence_on_targets(layer, labels, EXACT).values, truth) <= 1.15


def test_predicts_exact_retraining_of_three_classes():
    problem = digits((3, 5, 8), 200, 100)
    truth = leave_one_out(*problem, classes=3, ridge=0.04)
    layer, labels = fitted_layer(*problem, classes=3, ridge=0.04)
    corrected = influence_on_targets(layer, labels, EXACT).values
    assert np.corrcoef(corrected, truth)[0, 1] >= 0.995
    assert 0.97 <= slope(corrected, truth) <= 1.03
    raw = influence_on_targets(layer, labels, InfluenceParams(damping=0.0, leverage=False)).values
    assert abs(slope(raw, truth) - 1) > abs(slope(corrected, truth) - 1)


@pytest.fixture
def rows():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((40, 5))
    p = probabilities(x, rng.standard_normal((5, 3)))
    return SoftmaxRows(x, p, np.array([0.1, 0.1, 0.1, 0.1, 0.02]))


def test_dense_hessian_is_the_sum_over_rows(rows):
    slow = hessian(rows.features, rows.probabilities, 0.0, 40).reshape(5, 3, 5, 3).transpose(1, 0, 3, 2).reshape(15, 15)
    slow += np.diag(np.tile(rows.ridge, 3))
    np.testing.assert_allclose(dense_hessian(rows, QUIET), slow, atol=1e-12)


def test_hessian_product_without_the_hessian(rows):
    direction = np.random.default_rng(0).standard_normal((5, 3))
    dense = (dense_hessian(rows, QUIET) @ direction.T.ravel()).reshape(3, 5).T
    np.testing.assert_allclose(hessian_product(rows, direction), dense, atol=1e-12)


def test_solvers_agree(rows):
    gradient = np.random.default_rng(1).standard_normal((5, 3))
    dense, iterative = DenseSolver(rows, QUIET), ConjugateGradientSolver(rows, QUIET, tolerance=1e-12)
    np.testing.assert_allclose(iterative.solve(gradient), dense.solve(gradient), rtol=1e-8)
    assert dense.error < 1e-10
    assert iterative.error <= 1e-12


def test_both_solvers_give_the_same_influence():
    problem = digits((3, 5, 8), 200, 100)
    layer, labels = fitted_layer(*problem, classes=3, ridge=0.04)
    exact = influence_on_targets(layer, labels, InfluenceParams(solver="exact", leverage=False)).values
    iterative = influence_on_targets(layer, labels, InfluenceParams(solver="cg", leverage=False)).values
    # The iterative solver stops at a relative residual of 1e-8.
    np.testing.assert_allclose(iterative, exact, rtol=1e-5, atol=1e-9)
    # Its leverage is an approximation, good enough to keep the slope near one.
    corrected = influence_on_targets(layer, labels, InfluenceParams(solver="cg")).values
    assert 0.95 <= slope(corrected, influence_on_targets(layer, labels).values) <= 1.05


def test_leverage_is_the_newton_step_without_the_row(rows):
    """(n H - h_i)^-1 g_i from the corrected residual equals solving the system without row i."""
    x, p, n = rows.features, rows.probabilities, 40
    delta = p - np.eye(3)[np.zeros(n, dtype=int)]
    solver = DenseSolver(rows, QUIET)
    corrected = leave_out_residuals(p, delta, solver.leverage_blocks(slice(None)), n)
    full = dense_hessian(rows, QUIET)
    for i in (0, 7):
        own = np.kron(np.diag(p[i]) - np.outer(p[i], p[i]), np.outer(x[i], x[i])) / n
        without = np.linalg.solve(full - own, np.kron(delta[i], x[i]))
        np.testing.assert_allclose(full @ without, np.kron(corrected[i], x[i]), rtol=1e-9, atol=1e-12)


def test_two_classes_reduce_to_the_known_formula():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 4))
    p = probabilities(x, rng.standard_normal((4, 2)))
    rows = SoftmaxRows(x, p, np.full(4, 0.02))
    blocks = DenseSolver(rows, QUIET).leverage_blocks(slice(None))
    binary = np.einsum("n,nd,ne->de", p[:, 1] * p[:, 0], x, x) / 30 + 0.01 * np.eye(4)
    known = p[:, 1] * p[:, 0] * np.einsum("nd,de,ne->n", x, np.linalg.inv(binary), x) / 30
    np.testing.assert_allclose(leverage(p, blocks, 30), known, rtol=1e-9)
    delta = p - np.eye(2)[rng.integers(2, size=30)]
    np.testing.assert_allclose(leave_out_residuals(p, delta, blocks, 30), delta / (1 - known)[:, None], rtol=1e-9)


def test_flipped_copy_of_a_target_is_harmful_and_a_true_copy_helpful():
    x, y, targets, target_labels = (a[:100] for a in digits((3, 8), 100, 2))
    targets, target_labels = targets[:1], target_labels[:1]
    for label, sign in ((target_labels[0], 1), (1 - target_labels[0], -1)):
        layer, labels = fitted_layer(np.vstack([x, targets]), np.append(y, label), targets, target_labels, 2, 0.02)
        assert np.sign(influence_on_targets(layer, labels).values[100]) == sign


def test_bias_is_a_constant_feature_without_ridge():
    """A last layer with bias equals one with a column of ones, up to the ridge on that column."""
    x, y, targets, target_labels = digits((3, 8), 80, 40)
    x, targets = np.hstack([x, np.ones((80, 1))]), np.hstack([targets, np.ones((40, 1))])
    layer, labels = fitted_layer(x, y, targets, target_labels, 2, 0.02)
    bare = layer._replace(features=layer.features[:, :-1], has_bias=True, weight_decay=0.0)
    given = layer._replace(weight_decay=0.0)
    damped = InfluenceParams(damping=0.5)
    np.testing.assert_allclose(
        influence_on_targets(bare, labels, damped).values, influence_on_targets(given, labels, damped).values, rtol=1e-9
    )


def test_curvature_of_the_damped_problem_decides_on_confident_networks():
    """A network that memorized has no curvature left: damping above 0 still gives finite values, with a plain error."""
    x, y, targets, target_labels = digits((3, 8), 60, 20)
    layer, labels = fitted_layer(x, y, targets, target_labels, 2, 0.02)
    sure = layer._replace(logits=layer.logits * 1e4, weight_decay=0.0)
    assert np.isfinite(influence_on_targets(sure, labels).values).all()


def test_a_solver_that_does_not_converge_says_so(rows):
    with pytest.raises(CurationError, match="relative residual"):
        ConjugateGradientSolver(rows, QUIET, tolerance=1e-14, steps=1).solve(np.ones((5, 3)))
