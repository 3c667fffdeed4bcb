"""Influence between rows on a person's own network and arrays: agreement of its methods, signs, shapes and words."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from core.library.influence_pairs import (
    METHODS,
    InfluenceSettings,
    influence_on_mean,
    influence_pairs,
    self_influence_of,
)
from core.library.last_layer_pairs import LAST_LAYER_METHODS
from core.scores.influence import InfluenceParams
from core.scores.shared.held_out_targets import LastLayer
from core.scores.shared.last_layer.influence import influence_on_each_target, influence_on_targets
from core.scores.trak import TRAKParams, trak
from core.types.errors import Cancelled, DataError, ModelError

N, V = 60, 8


def world(seed=0, build=lambda: nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3)), steps=120):
    """(trained network, training arrays, targets): three clusters, with a few wrong labels."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=N + V)
    x = (2.0 * np.eye(3, 6)[truth] + rng.standard_normal((N + V, 6))).astype(np.float32)
    y = np.where((np.arange(N + V) % 10 == 0) & (np.arange(N + V) < N), (truth + 1) % 3, truth)
    network = build()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.2, weight_decay=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(torch.from_numpy(x[:N])), torch.from_numpy(y[:N])).backward()
        optimizer.step()
    return network, (x[:N], y[:N]), (x[N:], y[N:])


@pytest.mark.parametrize("method", METHODS)
def test_mean_is_the_mean_of_pairs(method):
    network, train, targets = world()
    pairs = influence_pairs(network, train, targets, settings=InfluenceSettings(method=method, weight_decay=0.01))
    mean = influence_on_mean(network, train, targets, settings=InfluenceSettings(method=method, weight_decay=0.01))
    assert pairs.values.shape == (V, N)
    assert pairs.values.dtype == np.float32
    assert mean.values.shape == (N,)
    if method == "tracin_normalized":  # a cosine with the mean gradient, as the score tracin has it
        assert np.abs(pairs.values).max() <= 1 + 1e-6
        assert np.abs(mean.values).max() <= 1 + 1e-6
    else:
        scale = np.abs(mean.values).max()
        np.testing.assert_allclose(pairs.values.mean(axis=0), mean.values, rtol=1e-3, atol=1e-4 * scale)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("trak", "tracin_normalized")])
def test_self_influence_is_the_diagonal_of_pairs(method):
    network, train, _ = world()
    pairs = influence_pairs(network, train, train, settings=InfluenceSettings(method=method, weight_decay=0.01)).values
    alone = self_influence_of(network, train, settings=InfluenceSettings(method=method, weight_decay=0.01)).values
    diagonal = np.diag(pairs) * (1 if method == "tracin" else N)
    np.testing.assert_allclose(alone, diagonal, rtol=1e-2, atol=1e-4 * alone.max())  # float32, in another order
    assert (alone >= 0).all()
    wrong = np.arange(N) % 10 == 0
    assert (alone[wrong][:, None] > alone[~wrong]).mean() > 0.8


@pytest.mark.parametrize("layers", ["all", "last"])
def test_flipped_copy_of_a_target_is_harmful_and_a_true_copy_helpful(layers):
    _, train, targets = world()
    x = np.vstack([train[0], targets[0][:1], targets[0][:1]])
    y = np.append(train[1], [targets[1][0], (targets[1][0] + 1) % 3])
    network = world()[0]
    one = (targets[0][:1], targets[1][:1])
    for method in METHODS if layers == "all" else LAST_LAYER_METHODS:
        values = influence_pairs(
            network, (x, y), one, settings=InfluenceSettings(method=method, layers=layers, weight_decay=0.01)
        ).values[0]
        assert values[N] > 0 > values[N + 1], method


def test_a_single_linear_layer_is_the_convex_problem_of_influence():
    network, train, targets = world(build=lambda: nn.Linear(6, 3, bias=False))
    everyone, labels = np.vstack([train[0], targets[0]]), np.append(train[1], targets[1])
    logits = network(torch.from_numpy(everyone)).detach().numpy()
    layer = LastLayer(everyone, logits, np.arange(N), np.arange(N, N + V), 0.01, has_bias=False)
    params = InfluenceParams(damping=0.5, leverage=False, solver="exact")
    exact = influence_on_each_target(layer, labels, params)
    settings = InfluenceSettings(damping=0.5, weight_decay=0.01)
    found = influence_pairs(network, train, targets, settings=replace(settings, method="gauss_newton")).values
    np.testing.assert_allclose(found, exact, rtol=1e-3, atol=1e-4 * np.abs(exact).max())  # float32 against float64
    by_layer = influence_pairs(
        network, train, targets, settings=replace(settings, method="exact", layers="last", leverage=False)
    )
    np.testing.assert_allclose(by_layer.values, exact, rtol=1e-3, atol=1e-4 * np.abs(exact).max())
    np.testing.assert_allclose(exact.mean(axis=0), influence_on_targets(layer, labels, params).values, rtol=1e-9)
    margins = trak(layer, labels, TRAKParams(k=64), pairs=True)
    ours = influence_pairs(network, train, targets, settings=InfluenceSettings(method="trak", weight_decay=0.01)).values
    expected = margins.effects * margins.doubts
    np.testing.assert_allclose(ours, expected, rtol=1e-2, atol=1e-3 * np.abs(expected).max())


def test_one_step_on_a_row_lowers_each_targets_loss_by_tracin():
    network, train, targets = world(steps=20)
    network = network.double()
    held_out = torch.from_numpy(targets[0]).double()
    wanted = torch.from_numpy(targets[1])

    def losses():
        with torch.no_grad():
            return nn.functional.cross_entropy(network(held_out), wanted, reduction="none").numpy()

    values = (
        influence_pairs(
            network.float(), train, targets, settings=InfluenceSettings(method="tracin", learning_rates=[0.5])
        ).values
        / 0.5
    )
    network, before, rate = network.double(), None, 1e-5
    for i in (0, 7):
        before = losses()
        loss = nn.functional.cross_entropy(
            network(torch.from_numpy(train[0][i : i + 1]).double()), torch.from_numpy(train[1][i : i + 1])
        )
        gradients = torch.autograd.grad(loss, list(network.parameters()))
        with torch.no_grad():
            for p, g in zip(network.parameters(), gradients, strict=True):
                p -= rate * g
        fall = (before - losses()) / rate
        with torch.no_grad():
            for p, g in zip(network.parameters(), gradients, strict=True):
                p += rate * g
        # Second order is of the size of the rate; values are float32.
        np.testing.assert_allclose(fall, values[:, i], rtol=1e-3, atol=1e-4)


def test_checkpoints_are_averaged_and_tracin_adds_up_by_learning_rate():
    first, train, targets = world(steps=10)
    second = world(steps=60)[0]

    def pairs(networks, method="ekfac", **more):
        return influence_pairs(networks, train, targets, settings=InfluenceSettings(method=method, **more)).values

    np.testing.assert_allclose(pairs([first, second]), (pairs(first) + pairs(second)) / 2, rtol=1e-5, atol=1e-9)
    summed = pairs([first, second], "tracin", learning_rates=[0.1, 0.3])
    expected = 0.1 * pairs(first, "tracin") + 0.3 * pairs(second, "tracin")
    np.testing.assert_allclose(summed, expected, rtol=1e-5, atol=1e-6)


def test_the_network_is_left_as_it_was():
    network, train, targets = world()
    network.train()
    before = [p.clone() for p in network.parameters()]
    for method in METHODS:
        influence_pairs(network, train, targets, settings=InfluenceSettings(method=method))
    assert network.training
    assert all(p.requires_grad for p in network.parameters())
    assert all(torch.equal(p, q) for p, q in zip(network.parameters(), before, strict=True))


def test_equal_seeds_give_equal_values():
    network, train, targets = world()
    for method in ("ekfac", "trak"):
        values = [
            influence_pairs(network, train, targets, settings=InfluenceSettings(method=method, k=16, seed=s)).values
            for s in (3, 3, 4)
        ]
        np.testing.assert_array_equal(values[0], values[1])
        assert not np.array_equal(values[0], values[2])


def test_notes_name_what_is_left_out_and_a_singular_kernel():
    def build():
        first = (nn.Linear(6, 14), nn.Unflatten(1, (2, 7)), nn.ConvTranspose1d(2, 2, 1))
        return nn.Sequential(*first, nn.Conv1d(2, 2, 2), nn.Flatten(), nn.Linear(12, 3))

    network, train, targets = world(build=build)
    assert any("ConvTranspose1d" in note for note in influence_pairs(network, train, targets).notes)
    assert any(
        "singular" in note
        for note in influence_pairs(network, train, targets, settings=InfluenceSettings(method="trak", k=100)).notes
    )
    assert not any(
        "singular" in note
        for note in influence_pairs(network, train, targets, settings=InfluenceSettings(method="trak", k=20)).notes
    )


def test_mistakes_are_told_in_words():
    network, train, targets = world()
    with pytest.raises(DataError, match="Unknown method"):
        influence_pairs(network, train, targets, settings=InfluenceSettings(method="lissa"))
    with pytest.raises(DataError, match="inputs and labels"):
        influence_pairs(network, (train[0], train[1][:-1]), targets)
    with pytest.raises(DataError, match="negative"):
        influence_pairs(network, (train[0], train[1] - 1), targets)
    with pytest.raises(DataError, match="learning rates"):
        influence_pairs(
            [network], train, targets, settings=InfluenceSettings(method="tracin", learning_rates=[0.1, 0.2])
        )
    with pytest.raises(DataError, match="no self-influence"):
        self_influence_of(network, train, settings=InfluenceSettings(method="trak"))
    with pytest.raises(ModelError, match="Linear"):
        influence_pairs(
            nn.Sequential(nn.Conv1d(1, 3, 6), nn.Flatten()),
            (train[0][:, None], train[1]),
            (targets[0][:, None], targets[1]),
            settings=InfluenceSettings(layers="last", method="exact"),
        )


@pytest.mark.parametrize("method", METHODS)
def test_cancels_within_one_batch_and_gives_the_network_back(method):
    class Stop:
        def stage(self, title, total):
            return None

        def advance(self, steps=1):
            raise Cancelled

        def close(self):
            return None

    network, train, targets = world()
    with pytest.raises(Cancelled):
        influence_pairs(network, train, targets, settings=InfluenceSettings(method=method), progress=Stop())
    assert network.training
    assert all(p.requires_grad for p in network.parameters())
    assert not any(module._forward_hooks for module in network.modules())
