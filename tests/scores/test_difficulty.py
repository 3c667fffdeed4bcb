"""EL2N, GraNd, loss, margin, entropy, VoG: closed forms, autograd, order of operations."""

import numpy as np
import pytest
import torch
from contracts.world import tiny_world

from core.scores import score_named
from core.scores.shared.checkpoints import last_layer_squares
from core.scores.shared.epochs import Fit, choose_epochs
from core.scores.shared.formulas import (
    cross_entropy,
    entropy,
    error_norm,
    label_probability,
    log_softmax,
    logit_margin,
    probability_margin,
    residual,
    softmax,
)
from core.scores.vog import normalize_in_class
from core.types.errors import CurationError
from core.types.evidence import CheckpointEvidence
from core.types.trace import Checkpoint


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(scale=3, size=(50, 4))


@pytest.fixture
def labels():
    return np.random.default_rng(1).integers(4, size=50)


def test_el2n_of_known_predictions():
    sure, uniform = np.array([[1e3, 0.0, 0.0]]), np.zeros((1, 3))
    assert error_norm(sure, np.array([0]))[0] == 0.0
    assert error_norm(uniform, np.array([1]))[0] == pytest.approx(np.sqrt(1 - 1 / 3))
    assert error_norm(sure, np.array([2]))[0] == pytest.approx(np.sqrt(2))


def test_residual_is_the_gradient_of_the_loss(logits, labels):
    z = torch.tensor(logits, requires_grad=True)
    torch.nn.functional.cross_entropy(z, torch.tensor(labels), reduction="sum").backward()
    np.testing.assert_allclose(residual(logits, labels), z.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(error_norm(logits, labels), z.grad.norm(dim=1).numpy(), atol=1e-12)


def test_el2n_is_the_mean_over_seeds_of_each_seed():
    result = tiny_world().score(score_named("el2n"))
    np.testing.assert_allclose(result.values, result.per_seed.mean(axis=0), rtol=1e-6)


def test_loss_is_torchs_and_survives_large_logits(logits, labels):
    known = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels), reduction="none").numpy()
    np.testing.assert_allclose(cross_entropy(logits, labels), known, atol=1e-12)
    assert cross_entropy(np.array([[1e4, 0.0]]), np.array([1]))[0] == pytest.approx(1e4)


def test_two_class_margins_are_plus_minus_the_logit_difference():
    z = np.array([[0.0, 1.7], [0.0, 1.7]])
    np.testing.assert_allclose(logit_margin(z, np.array([1, 0])), [1.7, -1.7])
    p = 1 / (1 + np.exp(-1.7))
    np.testing.assert_allclose(probability_margin(z, np.array([1, 0])), [2 * p - 1, 1 - 2 * p])


def test_entropy_of_a_uniform_prediction():
    assert entropy(np.zeros((1, 7)))[0] == pytest.approx(np.log(7))
    assert entropy(np.array([[1e4, 0.0, 0.0]]))[0] == 0.0
    world = tiny_world()
    nats, unit = (world.score(score_named("entropy"), normalized=flag).values for flag in (False, True))
    np.testing.assert_allclose(nats, unit * np.log(3), rtol=1e-5)
    assert np.isfinite(nats).all()  # it needs no label


@pytest.mark.parametrize("formula", [error_norm, cross_entropy, probability_margin, entropy, label_probability])
def test_a_constant_added_to_all_logits_changes_nothing(formula, logits, labels):
    np.testing.assert_allclose(formula(logits + 100.0, labels), formula(logits, labels), atol=1e-10)


def test_probabilities_sum_to_one(logits):
    np.testing.assert_allclose(softmax(logits).sum(axis=1), 1.0)
    np.testing.assert_allclose(np.exp(log_softmax(logits)), softmax(logits), atol=1e-14)


def test_last_layer_gradient_is_el2n_times_the_length_of_the_features(labels):
    h = np.random.default_rng(2).standard_normal((50, 6))
    head = torch.nn.Linear(6, 4).double()
    logits = head(torch.tensor(h)).detach().numpy()
    known = np.empty(50)
    for i in range(50):
        loss = torch.nn.functional.cross_entropy(head(torch.tensor(h[i : i + 1])), torch.tensor(labels[i : i + 1]))
        known[i] = sum(float((g**2).sum()) for g in torch.autograd.grad(loss, list(head.parameters())))
    one = CheckpointEvidence(Checkpoint(0, 5, 0.1), logits, h)
    np.testing.assert_allclose(last_layer_squares(one, labels), known, rtol=1e-10)
    np.testing.assert_allclose(np.sqrt(known), error_norm(logits, labels) * np.sqrt((h**2).sum(axis=1) + 1), rtol=1e-10)
    bare = CheckpointEvidence(Checkpoint(0, 5, 0.1), logits, h, has_bias=False)
    np.testing.assert_allclose(last_layer_squares(bare, labels), error_norm(logits, labels) ** 2 * (h**2).sum(axis=1))


def test_grand_is_the_mean_of_the_kept_norms_and_never_of_epoch_zero():
    world = tiny_world(unlabeled=0)
    kept = world.evidence.checkpoints
    result = world.score(score_named("grand"), epochs="mean")
    np.testing.assert_allclose(result.per_seed[0], np.mean([c.gradient_norm for c in kept[:3]], axis=0), rtol=1e-6)
    assert choose_epochs("mean", (0, 3, 6), Fit(1.0)).positions == (1, 2)
    assert choose_epochs("auto", (0, 3, 6), Fit(0.5)).positions == (2,)
    assert choose_epochs("0", (0, 3, 6), Fit(0.5)).check.light == "red"
    with pytest.raises(CurationError, match="before any training"):
        choose_epochs("auto", (0,), Fit(0.5))


def test_memorizing_networks_are_read_over_all_epochs():
    assert choose_epochs("auto", (1, 2, 3), Fit(0.951)).how == "mean"
    assert choose_epochs("auto", (1, 2, 3), Fit(0.949)).how == "last"
    assert choose_epochs("auto", (1, 2, 3), Fit(0.80, held_out=0.67)).how == "mean"
    assert choose_epochs("auto", (1, 2, 3), Fit(0.67, held_out=0.60)).how == "last"
    assert choose_epochs("last", (1, 2, 3), Fit(0.99)).check.light == "amber"


def test_vog_in_class_is_standardized_by_the_class():
    labels = np.array([0] * 6 + [1] * 6 + [2] * 2 + [-1])
    values = np.arange(15.0) ** 2
    out = normalize_in_class(values, labels)
    for label in (0, 1):
        rows = labels == label
        np.testing.assert_allclose(out[rows], (values[rows] - values[rows].mean()) / values[rows].std())
    # Two rows are too few for a class of their own, and no label is no class: all rows are the reference.
    np.testing.assert_allclose(out[12:], (values[12:] - values.mean()) / values.std())


def test_vog_of_a_class_without_spread_is_zero():
    values = np.repeat([0.1 + 0.2, 1.7], 6)
    assert np.array_equal(normalize_in_class(values, np.repeat([0, 1], 6)), np.zeros(12))


def test_vog_settings():
    world = tiny_world()
    raw = world.score(score_named("vog"), normalized=False)
    np.testing.assert_allclose(raw.values, world.evidence.input_gradient_spread["late"].mean(axis=0), rtol=1e-6)
    assert raw.meta["stage"] == "late"
    assert (world.score(score_named("vog"), absolute=True).values >= 0).all()
    with pytest.raises(CurationError, match="no input gradient spread"):
        world.score(score_named("vog"), stage="middle")
