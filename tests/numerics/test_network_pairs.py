"""Influence through whole networks against dense gradients, Hessians and inverses of tiny ones, in float64."""

import numpy as np
import pytest
import torch
from oracles.whole_network import gauss_newton, layer_columns, loss_gradients, margin_gradients
from torch import nn

from core.numerics.ekfac import fit_curvature
from core.numerics.factors import sampled_cotangent
from core.numerics.gauss_newton import strongest_directions
from core.numerics.network_pairs import (
    EKFAC,
    DataInf,
    GaussNewton,
    Plain,
    lengths,
    mean_products,
    pair_products,
    self_products,
)
from core.numerics.network_trak import margin_effects
from core.numerics.tapped import Rows, TappedNetwork
from core.types.errors import ModelError

TRAIN, TARGETS = 14, 5


class Sequence(nn.Module):
    """Linear layers over positions, one of them used twice."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(3, 3), nn.Linear(3, 3, bias=False)

    def forward(self, x):
        h = self.inner(torch.tanh(self.inner(x.reshape(len(x), 4, 3))))
        return self.head(torch.tanh(h).mean(1))


def perceptron():
    return nn.Sequential(nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 3))


def convolutional():
    first = (nn.Unflatten(1, (2, 3, 2)), nn.Conv2d(2, 4, 2, padding=1, groups=2), nn.GroupNorm(2, 4), nn.Tanh())
    second = nn.Conv2d(4, 3, (2, 1), stride=(2, 1), dilation=(2, 1), bias=False)
    return nn.Sequential(*first, second, nn.Tanh(), nn.Flatten(), nn.Linear(9, 3))


NETWORKS = {"perceptron": perceptron, "convolutional": convolutional, "sequence": Sequence}


def world(build, scale=1.0):
    """(network in float64, training rows, targets)."""
    torch.manual_seed(3)
    network = build().double()
    with torch.no_grad():
        for p in network.parameters():
            p.mul_(scale)
    x, y = torch.randn(TRAIN + TARGETS, 12).double(), torch.randint(0, 3, (TRAIN + TARGETS,))
    return network, Rows(x[:TRAIN], y[:TRAIN]), Rows(x[TRAIN:], y[TRAIN:])


def dense(network, rows):
    return loss_gradients(network, rows.x, rows.labels)


@pytest.mark.parametrize("name", NETWORKS)
def test_products_of_factors_are_products_of_gradients(name):
    network, train, targets = world(NETWORKS[name])
    own, wanted = dense(network, train), dense(network, targets)
    with TappedNetwork(network, batch=4) as tapped:
        tapped.check(train)
        plain = Plain(tapped)
        # Pairs are held in float32 only where they are handed out; here all is float64.
        np.testing.assert_allclose(pair_products(tapped, plain, train, targets), wanted @ own.T, rtol=1e-9, atol=1e-12)
        mean = own @ wanted.mean(axis=0)
        np.testing.assert_allclose(mean_products(tapped, plain, train, targets), mean, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(self_products(tapped, plain, train), (own**2).sum(axis=1), rtol=1e-9)
        np.testing.assert_allclose(lengths(tapped, train), np.linalg.norm(own, axis=1), rtol=1e-9)
        assert tapped.notes == ()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("damping", [0.0, 2.0])
def test_gauss_newton_with_all_directions_is_the_dense_inverse(name, damping):
    network, train, targets = world(NETWORKS[name])
    own, wanted, hessian = dense(network, train), dense(network, targets), gauss_newton(network, train.x)
    lift = damping * np.trace(hessian) / len(hessian) + 0.01
    inverse = np.linalg.inv(hessian + lift * np.eye(len(hessian)))
    with TappedNetwork(network, batch=4) as tapped:
        kernel = GaussNewton(tapped, train, damping, 0.01, count=10_000)
        np.testing.assert_allclose(
            pair_products(tapped, kernel, train, targets), wanted @ inverse @ own.T, rtol=1e-6, atol=1e-8
        )
        mean = own @ inverse @ wanted.mean(axis=0)
        np.testing.assert_allclose(mean_products(tapped, kernel, train, targets), mean, rtol=1e-6, atol=1e-8)
        quadratic = np.einsum("np,pq,nq->n", own, inverse, own)
        np.testing.assert_allclose(self_products(tapped, kernel, train), quadratic, rtol=1e-6)


def test_few_directions_keep_the_trace_and_come_near_the_dense_inverse():
    network, train, targets = world(perceptron, scale=3.0)  # sure of most rows, as trained networks are
    own, wanted, hessian = dense(network, train), dense(network, targets), gauss_newton(network, train.x)
    mean = np.trace(hessian) / len(hessian)
    exact = wanted @ np.linalg.solve(hessian + 2.0 * mean * np.eye(len(hessian)), own.T)
    gaps = []
    for count in (4, 12, 42):
        with TappedNetwork(network) as tapped:
            kernel = GaussNewton(tapped, train, 2.0, 0.0, count)
            found = pair_products(tapped, kernel, train, targets).numpy()
        gaps.append(np.abs(found - exact).max() / np.abs(exact).max())
    assert gaps[0] < 1.0
    assert gaps[2] < gaps[1] < gaps[0]
    assert gaps[2] < 1e-6


def test_strongest_directions_are_the_eigenvectors_of_each_rows_curvature():
    logits = torch.randn(6, 4, dtype=torch.float64) * 2
    p = logits.softmax(1)
    curvature = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    found = strongest_directions(logits, 24)
    rebuilt = torch.zeros(6, 4, 4, dtype=torch.float64)
    for row, cotangent in zip(found.rows, found.cotangents, strict=True):
        rebuilt[row] += torch.outer(cotangent, cotangent)
    np.testing.assert_allclose(rebuilt, curvature, atol=1e-12)
    assert found.share == pytest.approx(1.0)
    few = strongest_directions(logits, 5)
    values = torch.linalg.eigvalsh(curvature).flatten().sort(descending=True).values
    assert few.share == pytest.approx(float(values[:5].sum() / values.sum()))
    np.testing.assert_allclose(few.cotangents.square().sum(1), values[:5])


def kronecker_inverse(own, a, s, damping):
    """Dense EK-FAC of one layer: own [n, O, I] Fisher gradients, a [n, I], s [n, O]."""
    inputs, cotangents = np.linalg.eigh(a.T @ a)[1], np.linalg.eigh(s.T @ s)[1]
    eigenvalues = (np.einsum("ok,nki,ij->noj", cotangents.T, own, inputs) ** 2).mean(axis=0)
    basis = np.kron(cotangents, inputs)
    return basis @ np.diag(1.0 / (eigenvalues.ravel() + damping * eigenvalues.mean())) @ basis.T


def test_ekfac_is_the_dense_kronecker_inverse():
    network, train, targets = world(perceptron)
    with TappedNetwork(network, seed=1, batch=5) as tapped:
        drawn = list(tapped.sampled_factors(train))
        found = {n: torch.cat([d[n].inputs for d in drawn])[:, :, 0].numpy() for n in drawn[0]}
        cotangents = {n: torch.cat([d[n].cotangents for d in drawn])[:, :, 0].numpy() for n in drawn[0]}
        kernel = EKFAC(tapped, train, 1.5, 0.0)
        pairs = pair_products(tapped, kernel, train, targets).numpy()
        itself = self_products(tapped, kernel, train).numpy()
        mean = mean_products(tapped, kernel, train, targets).numpy()
        layers = {n: tapped.gradients(rows) for n, rows in (("train", train), ("targets", targets))}
    expected, alone = np.zeros((TARGETS, TRAIN)), np.zeros(TRAIN)
    for name, a in found.items():
        fisher = np.einsum("no,ni->noi", cotangents[name], a)
        inverse = kronecker_inverse(fisher, a, cotangents[name], 1.5)
        g, t = (layers[k][name].matrices().flatten(1).numpy() for k in ("train", "targets"))
        expected += t @ inverse @ g.T
        alone += np.einsum("np,pq,nq->n", g, inverse, g)
    assert len(found) == 2
    np.testing.assert_allclose(pairs, expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(itself, alone, rtol=1e-6)
    np.testing.assert_allclose(mean, expected.mean(axis=0), rtol=1e-6, atol=1e-8)


def test_ekfac_of_several_positions_is_right_in_its_own_basis():
    network, train, targets = world(convolutional)
    with TappedNetwork(network, batch=4) as tapped:
        kernel = EKFAC(tapped, train, 1.0, 0.0)
        pairs = pair_products(tapped, kernel, train, targets).numpy()
        gradients = {k: tapped.gradients(rows) for k, rows in (("train", train), ("targets", targets))}
    expected = np.zeros((TARGETS, TRAIN))
    for name, layer in kernel.layers.items():
        basis = np.kron(layer.outputs.double().numpy(), layer.inputs.double().numpy())
        inverse = basis @ np.diag(layer.inverse.double().numpy().ravel()) @ basis.T
        np.testing.assert_allclose(basis @ basis.T, np.eye(len(basis)), atol=1e-9)
        g, t = (_whole(gradients[k][name]) for k in ("train", "targets"))
        expected += t @ inverse @ g.T
    np.testing.assert_allclose(pairs, expected, rtol=1e-6, atol=1e-8)


def _whole(one):
    return (one if isinstance(one, torch.Tensor) else one.matrices()).flatten(1).numpy()


def test_ekfac_is_exact_when_inputs_and_residuals_are_independent():
    """A layer of zeros gives every row the same probabilities; all labels with their probability stand for the draw."""
    network, train, _ = world(lambda: nn.Linear(12, 3), scale=0.0)
    with TappedNetwork(network) as tapped:
        p = tapped.logits(train).softmax(1)

        def every_label():
            for c in range(3):
                label = torch.eye(3, dtype=torch.float64)[c]
                yield tapped.factors(train, lambda _, one=label: (one - p) * (3 * p[:, :1]).sqrt())

        (layer,) = fit_curvature(every_label, 0.5).values()
    hessian = gauss_newton(network, train.x)  # weight [3, 12] first, then the bias [3]
    order = np.r_[[np.r_[c * 12 : c * 12 + 12, 36 + c] for c in range(3)]].ravel()
    hessian = hessian[np.ix_(order, order)]
    inverse = np.linalg.inv(hessian + 0.5 * np.trace(hessian) / 39 * np.eye(39))
    probe = torch.randn(2, 3, 13).double()
    np.testing.assert_allclose(layer.solved(probe).flatten(1), probe.flatten(1).numpy() @ inverse, rtol=1e-6, atol=1e-8)


def test_drawn_pulls_have_the_covariance_of_labels_from_the_model():
    logits = torch.randn(1, 4, dtype=torch.float64).expand(200_000, 4)
    p = logits[0].softmax(0)
    drawn = sampled_cotangent(torch.Generator().manual_seed(0))(logits)
    # A mean of 200,000 draws of size below one is within .01.
    np.testing.assert_allclose(drawn.T @ drawn / len(drawn), torch.diag(p) - torch.outer(p, p), atol=0.01)
    np.testing.assert_allclose(drawn.sum(1), 0.0, atol=1e-12)


@pytest.mark.parametrize("name", ["perceptron", "convolutional"])
def test_datainf_is_the_mean_of_single_row_inverses_of_each_layer(name):
    network, train, targets = world(NETWORKS[name])
    with TappedNetwork(network, batch=4) as tapped:
        kernel = DataInf(tapped, train)
        pairs = pair_products(tapped, kernel, train, targets).numpy()
        mean = mean_products(tapped, kernel, train, targets).numpy()
        itself = self_products(tapped, kernel, train).numpy()
        gradients = {k: tapped.gradients(rows) for k, rows in (("train", train), ("targets", targets))}
    expected, alone = np.zeros((TARGETS, TRAIN)), np.zeros(TRAIN)
    for layer in gradients["train"]:
        g, t = (_whole(gradients[k][layer]) for k in ("train", "targets"))
        damping = 0.1 * (g**2).mean()
        inverse = np.mean([np.linalg.inv(damping * np.eye(g.shape[1]) + np.outer(one, one)) for one in g], axis=0)
        expected += t @ inverse @ g.T
        alone += np.einsum("np,pq,nq->n", g, inverse, g)
    np.testing.assert_allclose(pairs, expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(mean, expected.mean(axis=0), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(itself, alone, rtol=1e-6)


def test_factors_cover_every_column_of_the_gradient():
    network, train, _ = world(perceptron)
    own = dense(network, train)
    with TappedNetwork(network) as tapped:
        gradients = tapped.gradients(train)
    for name, columns in zip(sorted(gradients), layer_columns(network), strict=True):
        whole = gradients[name].matrices().numpy()
        weight, bias = whole[:, :, :-1].reshape(TRAIN, -1), whole[:, :, -1]
        np.testing.assert_allclose(np.hstack([weight, bias]), own[:, columns], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_trak_in_rows_is_trak_in_weights(name):
    network, train, targets = world(NETWORKS[name])
    own, wanted = (margin_gradients(network, rows.x, rows.labels) for rows in (train, targets))
    with TappedNetwork(network, batch=4) as tapped:
        found = margin_effects(tapped, train, targets, 0, 0.02)
    with torch.no_grad():
        p = network(train.x).softmax(1)[range(TRAIN), train.labels].numpy()
    ridge = TRAIN * 0.02 / (p * (1 - p)).mean()
    assert found.ridge == pytest.approx(ridge, rel=1e-3)  # and a millionth of the kernel
    inverse = np.linalg.inv(own.T @ own + found.ridge * np.eye(own.shape[1]))
    np.testing.assert_allclose(found.effects, wanted @ inverse @ own.T, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.doubts, 1 - p)


def test_projected_trak_comes_near_the_unprojected_one_and_does_not_depend_on_batches():
    network, train, targets = world(perceptron)

    def effects(k, batch):
        with TappedNetwork(network, seed=2, batch=batch) as tapped:
            return margin_effects(tapped, train, targets, k, 0.02).effects.numpy()

    exact = effects(0, 4)
    gaps = [np.linalg.norm(effects(k, 4) - exact) / np.linalg.norm(exact) for k in (16, 1_024)]
    # The error falls with 1 / sqrt(k): by 8 here.
    assert gaps[1] < 0.5
    assert gaps[1] < gaps[0] / 2
    np.testing.assert_allclose(effects(64, 3), effects(64, 14), rtol=1e-9)


def test_tied_weights_are_refused_in_words():
    network = nn.Sequential(nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 12))
    network[2].weight = network[0].weight
    rows = Rows(torch.randn(4, 12), torch.zeros(4, dtype=torch.int64))
    with TappedNetwork(network) as tapped, pytest.raises(ModelError, match="several layers"):
        tapped.check(rows)


@pytest.mark.parametrize("name", NETWORKS)
def test_batches_do_not_change_the_values(name):
    network, train, targets = world(NETWORKS[name])
    kernels = (
        lambda tapped: EKFAC(tapped, train, 1.0, 0.0),
        lambda tapped: GaussNewton(tapped, train, 1.0, 0.0, 20),
        lambda tapped: DataInf(tapped, train),
    )
    for build in kernels:
        found = []
        for batch in (1, 7, TRAIN):
            with TappedNetwork(network, seed=3, batch=batch) as tapped:
                found.append(pair_products(tapped, build(tapped), train, targets).numpy())
        np.testing.assert_allclose(found[1], found[0], rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(found[2], found[0], rtol=1e-8, atol=1e-10)


def test_float32_is_close_to_float64():
    network, train, targets = world(perceptron)

    def pairs(build):
        with TappedNetwork(network) as tapped:
            return pair_products(tapped, build(tapped), train, targets).double().numpy()

    builds = (lambda w: EKFAC(w, train, 1.0, 0.0), lambda w: GaussNewton(w, train, 1.0, 0.0, 42))
    exact = [pairs(build) for build in builds]
    network.float()
    train, targets = Rows(train.x.float(), train.labels), Rows(targets.x.float(), targets.labels)
    for slow, build in zip(exact, builds, strict=True):
        np.testing.assert_allclose(pairs(build), slow, rtol=1e-3, atol=1e-4 * np.abs(slow).max())
