"""EL2N summed, margin on logits, least confidence, GradNorm, outlier gradient: closed forms, autograd, scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from contracts.world import take, tiny_world
from scipy.stats import spearmanr
from sklearn.ensemble import IsolationForest

from core.scores import score_named
from core.scores.gradnorm_ood import gradnorm
from core.scores.grand_predicted import least_gradient_length
from core.scores.outlier_gradient import distance_to_mean, forest_score, gradient_length
from core.scores.shared.checkpoints import last_layer_squares
from core.scores.shared.formulas import doubt, error_norm, softmax
from core.types.errors import CurationError
from core.types.evidence import CheckpointEvidence
from core.types.trace import Checkpoint


def head_evidence(n=30, d=6, classes=4, bias=True, seed=0):
    torch.manual_seed(seed)
    head, h = torch.nn.Linear(d, classes, bias=bias).double(), torch.randn(n, d).double()
    logits = head(h).detach().numpy()
    return head, h, CheckpointEvidence(Checkpoint(0, 5, 0.1), logits, h.numpy(), has_bias=bias)


def test_el2n_sum_is_the_sum_of_el2n_over_the_first_epochs():
    world = tiny_world(unlabeled=0)
    each = [world.score(score_named("el2n"), epochs=str(e)).values for e in range(1, 7)]
    first = world.score(score_named("el2n_sum"), first_k=4)
    np.testing.assert_allclose(first.values, np.sum(each[:4], axis=0), rtol=1e-6)
    every = world.score(score_named("el2n_sum"), first_k=50)
    np.testing.assert_allclose(every.values, np.sum(each, axis=0), rtol=1e-6)
    assert every.meta["epochs_read"] == [1, 2, 3, 4, 5, 6]
    assert every.checks[0].light == "amber"
    assert first.checks[0].light == "green"


def test_margin_logit_is_the_margin_on_logits():
    world = tiny_world()
    plain = world.score(score_named("margin"), space="logit").values
    np.testing.assert_array_equal(world.score(score_named("margin_logit")).values, plain)
    moved = replace(world.evidence.trace, logits=world.evidence.trace.logits + 8.0)
    shifted = replace(world, evidence=replace(world.evidence, trace=moved)).score(score_named("margin_logit"))
    np.testing.assert_allclose(shifted.values, plain, atol=1e-5)


def test_least_confidence_is_one_minus_the_largest_probability():
    logits = np.random.default_rng(0).normal(scale=3, size=(50, 4))
    np.testing.assert_allclose(doubt(logits), 1 - softmax(logits).max(axis=1), atol=1e-15)
    np.testing.assert_allclose(doubt(logits + 100.0), doubt(logits), rtol=1e-10)
    assert doubt(np.zeros((1, 5)))[0] == pytest.approx(1 - 1 / 5)
    sure = doubt(np.array([[60.0, 0.0], [61.0, 0.0]]))  # 1 - p would round to 0 for both
    assert sure[0] > sure[1] > 0
    world = tiny_world()
    assert np.isfinite(world.score(score_named("least_confidence")).values).all()  # it needs no label


def test_least_confidence_reads_probabilities_not_raw_logits():
    """The largest raw logit orders these two rows the other way round."""
    logits = np.array([[10.0, 9.9], [1.0, -9.0]])
    assert doubt(logits)[0] > doubt(logits)[1]


@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize("bias", [True, False])
def test_gradnorm_is_the_gradient_of_the_divergence_from_uniform(temperature, bias):
    head, h, one = head_evidence(bias=bias)
    known = np.empty(len(h))
    for i in range(len(h)):
        log_p = torch.log_softmax(head(h[i : i + 1]) / temperature, dim=1)
        uniform = torch.full_like(log_p, 1 / 4)
        loss = (uniform * (uniform.log() - log_p)).sum()
        known[i] = float(torch.autograd.grad(loss, [head.weight])[0].abs().sum())
    np.testing.assert_allclose(gradnorm(one, temperature), known, rtol=1e-8)


def test_gradnorm_of_uniform_logits_is_zero_and_needs_no_label():
    _, h, one = head_evidence()
    assert not gradnorm(replace(one, logits=np.full((30, 4), 3.0))).any()
    doubled = replace(one, logits=2.0 * one.logits)  # a last layer twice as large changes p alone
    p = np.abs(softmax(2.0 * one.logits) - 0.25).sum(axis=1)
    np.testing.assert_allclose(gradnorm(doubled), np.abs(h.numpy()).sum(axis=1) * p)
    world = tiny_world()
    assert np.isfinite(world.score(score_named("gradnorm_ood")).values).all()
    light = [c.light for c in world.score(score_named("gradnorm_ood")).checks if c.name == "features"]
    assert light == ["green"]


@pytest.mark.parametrize("bias", [True, False])
def test_outlier_gradient_is_the_distance_of_autograds_gradients(bias):
    head, h, one = head_evidence(bias=bias)
    labels, train = np.random.default_rng(1).integers(4, size=30), np.arange(0, 30, 2)
    rows = []
    for i in range(30):
        loss = torch.nn.functional.cross_entropy(head(h[i : i + 1]), torch.tensor(labels[i : i + 1]))
        rows.append(np.concatenate([g.numpy().ravel() for g in torch.autograd.grad(loss, list(head.parameters()))]))
    gradients = np.array(rows)
    known = np.linalg.norm(gradients - gradients[train].mean(axis=0), axis=1)
    np.testing.assert_allclose(distance_to_mean(one, labels, train), known, rtol=1e-10)


@pytest.mark.parametrize("bias", [True, False])
def test_gradient_lengths_are_autograds(bias):
    head, h, one = head_evidence(bias=bias)
    labels = np.random.default_rng(1).integers(4, size=30)
    known: dict[int, list[float]] = {1: [], 2: []}
    for i in range(30):
        loss = torch.nn.functional.cross_entropy(head(h[i : i + 1]), torch.tensor(labels[i : i + 1]))
        flat = torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(head.parameters()))])
        for power, norms in known.items():
            norms.append(float(flat.norm(power)))
    for power, norms in known.items():
        np.testing.assert_allclose(gradient_length(one, labels, power), norms, rtol=1e-10)
    np.testing.assert_allclose(gradient_length(one, labels, 2) ** 2, last_layer_squares(one, labels), rtol=1e-12)


def test_every_detector_stands_beside_the_plain_length():
    world, method = tiny_world(), score_named("outlier_gradient")
    values = {d: world.score(method, detector=d) for d in ("distance", "l2", "l1", "forest")}
    for detector, result in values.items():
        beside = [check for check in result.checks if check.name == "plain length"]
        assert len(beside) == (detector != "l2")
        if beside:
            known = spearmanr(result.values[3:], values["l2"].values[3:]).statistic
            assert result.meta["rank_correlation_with_l2"] == pytest.approx(known)
            assert f"{known:.2f}" in beside[0].text


def gradients_of(one, labels):
    delta = softmax(one.logits) - np.eye(one.logits.shape[1])[labels]
    h = np.hstack([one.features, np.ones((len(labels), 1))]) if one.has_bias else one.features
    return (delta.astype(np.float32)[:, :, None] * h.astype(np.float32)[:, None, :]).reshape(len(labels), -1)


def test_the_forest_is_scikit_learns_on_the_gradients():
    _, _, one = head_evidence(n=200)
    labels, train = np.random.default_rng(1).integers(4, size=200), np.arange(160)
    gradients = gradients_of(one, labels)
    known = -IsolationForest(n_estimators=20, random_state=3).fit(gradients[:160]).score_samples(gradients)
    np.testing.assert_allclose(forest_score(one, labels, train, 20, 3), known)


def test_a_forest_larger_than_its_memory_is_fitted_on_some_of_the_rows(monkeypatch):
    monkeypatch.setattr("core.scores.outlier_gradient._FOREST_CELLS", 28 * 50)
    monkeypatch.setattr("core.scores.outlier_gradient._BLOCK_CELLS", 28 * 7)
    _, _, one = head_evidence(n=200)
    labels, train = np.random.default_rng(1).integers(4, size=200), np.arange(160)
    gradients = gradients_of(one, labels)
    some = np.random.default_rng(3).choice(train, 50, replace=False)
    known = -IsolationForest(n_estimators=20, random_state=3).fit(gradients[some]).score_samples(gradients)
    np.testing.assert_allclose(forest_score(one, labels, train, 20, 3), known)


@pytest.mark.parametrize("detector", ["distance", "forest"])
def test_planted_far_gradients_are_found(detector):
    """Confidently wrong rows with large features among rows that are nearly right."""
    rng = np.random.default_rng(0)
    n, classes = 300, 3
    labels = rng.integers(classes, size=n)
    logits = 4.0 * np.eye(classes)[labels] + 0.3 * rng.standard_normal((n, classes))
    features = np.abs(rng.standard_normal((n, 5)))
    logits[:10] = 6.0 * np.eye(classes)[(labels[:10] + 1) % classes]
    features[:10] *= 3.0
    world = tiny_world(n=n, held_out=0, unlabeled=0)
    examples = replace(world.examples, labels=labels)
    kept = tuple(replace(c, logits=logits, features=features) for c in world.evidence.checkpoints)
    planted = replace(world, examples=examples, evidence=replace(world.evidence, checkpoints=kept))
    values = planted.score(score_named("outlier_gradient"), detector=detector).values
    assert set(np.argsort(-values)[:10]) == set(range(10))


def test_a_far_gradient_is_not_a_long_one():
    """All gradients long and alike: far from 0, near to their mean."""
    one = CheckpointEvidence(Checkpoint(0, 5, 0.1), np.tile([0.0, 5.0], (20, 1)), np.full((20, 3), 10.0))
    labels = np.zeros(20, dtype=np.int64)
    assert np.sqrt(last_layer_squares(one, labels)).min() > 10
    # ||g||^2 of 600 cancels against the mean's: what is left is rounding, of the size sqrt(600 * 1e-16).
    assert distance_to_mean(one, labels, np.arange(20)).max() < 1e-5


def test_forest_scores_follow_their_rows_up_to_the_forests_seed():
    world = tiny_world(n=120)
    method = score_named("outlier_gradient")
    order = np.random.default_rng(0).permutation(120)
    plain = world.score(method, detector="forest").values[order]
    moved = take(world, order).score(method, detector="forest").values
    both = np.isfinite(plain)
    assert np.corrcoef(plain[both], moved[both])[0, 1] > 0.95


def test_scores_of_the_gradient_name_the_bad_row():
    _, _, one = head_evidence()
    features = one.features.copy()
    features[7, 2] = np.inf
    with pytest.raises(CurationError, match="Row 7"):
        distance_to_mean(replace(one, features=features), np.zeros(30, dtype=np.int64), np.arange(30))


def test_el2n_sum_of_known_predictions():
    sure = np.array([[1e3, 0.0, 0.0]])
    assert error_norm(sure, np.array([0]))[0] == 0.0
    world = tiny_world(unlabeled=0)
    wrong = np.eye(3, dtype=np.float32)[(world.examples.labels + 1) % 3] * 1e3
    trace = replace(world.evidence.trace, logits=np.broadcast_to(wrong, (2, 6, 60, 3)).copy())
    worst = replace(world, evidence=replace(world.evidence, trace=trace)).score(score_named("el2n_sum"), first_k=5)
    np.testing.assert_allclose(worst.values, 5 * np.sqrt(2), rtol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
def test_gradient_of_the_predicted_label_is_the_least_over_all_labels(bias):
    """Autograd in double precision, each label in turn: 1e-9 is its rounding."""
    head, h, one = head_evidence(bias=bias)
    lengths = np.empty((len(h), 4))
    for i, label in np.ndindex(lengths.shape):
        loss = torch.nn.functional.cross_entropy(head(h[i : i + 1]), torch.tensor([label]))
        gradients = torch.autograd.grad(loss, list(head.parameters()))
        lengths[i, label] = float(sum((g**2).sum() for g in gradients) ** 0.5)
    np.testing.assert_allclose(least_gradient_length(one), lengths.min(axis=1), rtol=1e-9)


def test_gradient_of_the_predicted_label_orders_rows_without_a_label():
    world = tiny_world()
    method, labels = score_named("grand_predicted"), world.examples.labels
    values = world.score(method).values
    assert np.isfinite(values).all()
    assert (labels < 0).any()
    turned = replace(world, examples=replace(world.examples, labels=np.where(labels < 0, labels, (labels + 1) % 3)))
    np.testing.assert_array_equal(turned.score(method, epochs="last").values, world.score(method, epochs="last").values)
    given = world.score(score_named("grand_last")).values
    assert (values <= given + 1e-6)[labels >= 0].all()
