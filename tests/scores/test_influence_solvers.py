"""Every solver of the last layer against the dense inverse at the same effective damping, and self-influence."""

from dataclasses import replace

import numpy as np
import pytest
from contracts.world import tiny_world
from oracles.softmax_regression import fit, leave_one_out, probabilities
from sklearn.datasets import load_digits

from core.scores.influence import INFLUENCE, InfluenceParams
from core.scores.influence_self import INFLUENCE_SELF, InfluenceSelfParams, self_influence
from core.scores.shared.held_out_targets import LastLayer
from core.scores.shared.last_layer.approximate import ArnoldiSolver, DataInfSolver
from core.scores.shared.last_layer.ekfac import EKFACSolver
from core.scores.shared.last_layer.exact import DenseSolver, dense_hessian
from core.scores.shared.last_layer.influence import influence_on_targets
from core.scores.shared.last_layer.iterative import ConjugateGradientSolver, LiSSASolver, largest_eigenvalue
from core.scores.shared.last_layer.problem import SoftmaxRows
from core.types.errors import CurationError
from core.types.progress import SilentProgress

QUIET = SilentProgress()


@pytest.fixture
def rows():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((40, 5))
    return SoftmaxRows(x, probabilities(x, rng.standard_normal((5, 3))), np.array([0.1, 0.1, 0.1, 0.1, 0.02]))


@pytest.fixture
def gradient():
    return np.random.default_rng(1).standard_normal((5, 3))


@pytest.fixture
def deltas(rows):
    return rows.probabilities - np.eye(3)[np.random.default_rng(2).integers(3, size=40)]


@pytest.mark.parametrize("build", [ConjugateGradientSolver, LiSSASolver, lambda r, q: ArnoldiSolver(r, q, 15)])
def test_equal_the_dense_inverse_at_the_same_damping(rows, gradient, build):
    dense = DenseSolver(rows, QUIET).solve(gradient)
    solver = build(rows, QUIET)
    np.testing.assert_allclose(solver.solve(gradient), dense, rtol=1e-6, atol=1e-7)
    assert solver.error <= 1e-7


def digits_layer(classes=(3, 5, 8), train=200, targets=100, ridge=0.04):
    x, y = load_digits(return_X_y=True)
    keep = np.isin(y, classes)
    x, y = (x / 16 - (x / 16).mean(axis=0))[keep][: train + targets], np.searchsorted(classes, y[keep])
    labels = y[: train + targets]
    weights = fit(x[:train], labels[:train], len(classes), ridge)
    n = np.arange(train + targets)
    return LastLayer(x, x @ weights, n[:train], n[train:], ridge, has_bias=False), labels


def test_four_solvers_give_the_same_influence():
    """METHODS: Influence: dense = CG = LiSSA = Arnoldi (full) to 1e-4 at the same effective damping."""
    layer, labels = digits_layer()
    for damping in (0.5, 2.0):

        def effect(solver, steps=0, damping=damping):
            params = InfluenceParams(damping=damping, leverage=False, solver=solver, steps=steps)
            return influence_on_targets(layer, labels, params).values

        exact = effect("exact")
        for solver, steps in (("cg", 0), ("lissa", 0), ("arnoldi", 192)):
            assert np.abs(effect(solver, steps) - exact).max() <= 1e-4 * np.abs(exact).max(), solver


def test_approximations_order_rows_like_retraining():
    layer, labels = digits_layer((3, 8), 150, 60)
    x, y = layer.features, labels
    truth = leave_one_out(x[:150], y[:150], x[150:], y[150:], classes=2, ridge=0.04)
    # METHODS: Influence against retraining: DataInf .966, plain gradient products .933 against retraining of 200 rows.
    for solver, least in (("ekfac", 0.97), ("arnoldi", 0.97), ("datainf", 0.9)):
        params = InfluenceParams(damping=0.0 if solver != "datainf" else 0.1, solver=solver, steps=60)
        predicted = influence_on_targets(layer, labels, params).values
        assert np.corrcoef(predicted, truth)[0, 1] >= least, solver


def test_ekfac_is_exact_when_features_and_residuals_are_independent(gradient):
    x = np.random.default_rng(5).standard_normal((30, 5))
    same = SoftmaxRows(x, np.tile([0.5, 0.3, 0.2], (30, 1)), np.full(5, 0.05))
    np.testing.assert_allclose(
        EKFACSolver(same, QUIET).solve(gradient), DenseSolver(same, QUIET).solve(gradient), rtol=1e-9
    )


def test_lissa_scale_and_words(rows, gradient):
    top = np.linalg.eigvalsh(dense_hessian(rows, QUIET))[-1]
    assert largest_eigenvalue(rows, QUIET) == pytest.approx(top, rel=0.01)
    assert LiSSASolver(rows, QUIET).scale > top / 2
    with pytest.raises(CurationError, match="diverged"):
        LiSSASolver(rows, QUIET, scale=0.4 * top).solve(gradient)
    with pytest.raises(CurationError, match="relative residual"):
        LiSSASolver(rows, QUIET, steps=3).solve(gradient)


def test_published_damping_of_lissa_is_scaled(rows, gradient):
    """Its fixed point is (H + scale damp I)^-1 v: the same answer as ours with scale x damp on the ridge."""
    scale, damp, bare = 10.0, 0.02, rows.__class__(rows.features, rows.probabilities, np.zeros(5))
    hessian, flat = dense_hessian(bare, QUIET), gradient.T.ravel()
    r = flat.copy()
    for _ in range(3000):
        r = flat + (1 - damp) * r - hessian @ r / scale
    effective = SoftmaxRows(rows.features, rows.probabilities, np.full(5, scale * damp))
    np.testing.assert_allclose(LiSSASolver(effective, QUIET).solve(gradient).T.ravel(), r / scale, rtol=1e-6, atol=1e-9)


def one_by_one(rows, deltas):
    """The mean over rows of (R + g g')^-1, dense, parameter (d, c) at d C + c."""
    ridge = np.diag(np.repeat(rows.ridge, 3))
    gradients = np.einsum("nd,nc->ndc", rows.features, deltas).reshape(len(deltas), -1)
    return np.mean([np.linalg.inv(ridge + np.outer(g, g)) for g in gradients], axis=0), gradients


def test_datainf_is_the_mean_of_single_row_inverses(rows, deltas, gradient):
    inverse, gradients = one_by_one(rows, deltas)
    solver = DataInfSolver(rows, deltas, QUIET)
    np.testing.assert_allclose(solver.solve(gradient).ravel(), inverse @ gradient.ravel(), rtol=1e-9)
    slow = np.einsum("np,pq,nq->n", gradients, inverse, gradients)
    np.testing.assert_allclose(solver.self_influence(rows.features, deltas), slow, rtol=1e-9)


def test_self_influence_is_the_quadratic_form(rows, deltas):
    hessian = dense_hessian(rows, QUIET)
    gradients = np.einsum("nc,nd->ncd", deltas, rows.features).reshape(40, -1)
    slow = np.einsum("np,pq,nq->n", gradients, np.linalg.inv(hessian), gradients)
    for solver in (DenseSolver(rows, QUIET), ArnoldiSolver(rows, QUIET, 15)):
        np.testing.assert_allclose(solver.self_influence(rows.features, deltas), slow, rtol=1e-6)
    close = EKFACSolver(rows, QUIET).self_influence(rows.features, deltas)
    assert np.corrcoef(close, slow)[0, 1] > 0.95


def test_partial_arnoldi_says_how_far_off_it_is(rows, gradient):
    few, all_but_one = ArnoldiSolver(rows, QUIET, 4), ArnoldiSolver(rows, QUIET, 14)
    few.solve(gradient)
    all_but_one.solve(gradient)
    assert few.approximate
    assert few.error > all_but_one.error > 0


def test_self_influence_finds_flipped_labels():
    layer, labels = digits_layer((3, 8), 200, 40)
    flipped = np.random.default_rng(0).choice(200, 20, replace=False)
    labels = labels.copy()
    labels[flipped] = 1 - labels[flipped]
    weights = fit(layer.features[:200], labels[:200], 2, 0.04)
    layer = layer._replace(logits=layer.features @ weights)
    for solver in ("exact", "ekfac", "arnoldi", "datainf"):
        values, _ = self_influence(layer, labels, InfluenceSelfParams(solver=solver))
        planted = np.isin(np.arange(200), flipped)
        above = (values[:200][planted][:, None] > values[:200][~planted]).mean()
        assert above >= 0.95, solver


def test_late_checkpoints_are_averaged():
    """Two kept checkpoints and their mean, against each taken as the last."""
    world = tiny_world(seed=1)
    kept = world.evidence.checkpoints
    for method in (INFLUENCE, INFLUENCE_SELF):
        both = world.score(method, checkpoints=2)
        alone = []
        for epoch in sorted({c.checkpoint.epoch for c in kept})[-2:]:
            only = tuple(c for c in kept if c.checkpoint.epoch == epoch)
            one = replace(world, evidence=replace(world.evidence, checkpoints=only))
            alone.append(one.score(method).values)
        np.testing.assert_allclose(both.values, np.mean(alone, axis=0), rtol=1e-4, atol=1e-8)
        assert not np.allclose(both.values, alone[1], rtol=1e-3, equal_nan=True)
