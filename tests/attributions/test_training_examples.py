"""TracIn in numpy against autograd through the last layer, and against a real gradient step."""

import numpy as np
import pytest
import torch

from core.attributions import influential_examples, tracin
from core.types.errors import RunError
from core.types.evidence import CheckpointEvidence
from core.types.trace import Checkpoint


def world(checkpoints=3, seeds=2, count=14, width=5, classes=3, bias=True):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, count)
    evidence, heads = [], []
    for seed in range(seeds):
        for epoch in range(checkpoints):
            features = rng.normal(size=(count, width)).astype(np.float32)
            weight, shift = rng.normal(size=(classes, width)), rng.normal(size=classes) * bias
            heads.append((weight, shift))
            logits = (features @ weight.T + shift).astype(np.float32)
            moment = Checkpoint(seed, epoch + 1, 0.1 / (epoch + 1))
            evidence.append(CheckpointEvidence(moment, logits, features, has_bias=bias))
    return labels, evidence, heads


def gradient(feature, weight, shift, label, bias):
    weight = torch.tensor(weight, requires_grad=True)
    shift = torch.tensor(shift, requires_grad=True)
    logits = weight @ torch.tensor(feature, dtype=torch.float64) + shift
    loss = torch.nn.functional.cross_entropy(logits[None], torch.tensor([label]))
    found = torch.autograd.grad(loss, [weight, shift])
    return torch.cat([found[0].ravel(), found[1]]).numpy() if bias else found[0].ravel().numpy()


@pytest.mark.parametrize("bias", [True, False])
def test_values_equal_autograd_gradient_products(bias):
    labels, evidence, heads = world(bias=bias)
    expected = np.zeros(len(labels))
    for item, (weight, shift) in zip(evidence, heads, strict=True):
        grads = [gradient(item.features[i], weight, shift, labels[i], bias) for i in range(len(labels))]
        own = gradient(item.features[4], weight, shift, 2, bias)
        expected += item.checkpoint.learning_rate * np.array(grads) @ own / 2  # two seeds
    got = tracin(4, 2, labels, np.arange(len(labels)), evidence)
    assert np.allclose(got, expected, rtol=1e-4, atol=1e-6)  # logits are kept in float32


def test_one_small_step_on_an_example_lowers_the_loss_by_its_value():
    labels, evidence, heads = world(checkpoints=1, seeds=1)
    weight, shift = heads[0]
    features, rate = evidence[0].features.astype(float), 1e-5
    small = [CheckpointEvidence(Checkpoint(0, 1, rate), evidence[0].logits, evidence[0].features)]
    got = tracin(4, int(labels[4]), labels, np.arange(len(labels)), small)
    for other in range(len(labels)):
        step = gradient(features[other], weight, shift, labels[other], True)
        moved = weight - rate * step[:-3].reshape(3, 5), shift - rate * step[-3:]
        fall = _loss(features[4], weight, shift, labels[4]) - _loss(features[4], *moved, labels[4])
        assert fall == pytest.approx(got[other], rel=0.02, abs=1e-10)  # second order of a step of 1e-5


def _loss(feature, weight, shift, label):
    logits = weight @ feature + shift
    return np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[label]


def test_helpful_and_harmful_are_sorted_signed_and_leave_the_row_out():
    labels, evidence, _ = world()
    ids = np.array([f"id{i}" for i in range(len(labels))])
    rows = np.arange(10)
    helpful, harmful = influential_examples(4, int(labels[4]), ids, labels, rows, evidence, k=3)
    values = tracin(4, int(labels[4]), labels, rows, evidence)
    values[4] = 0
    assert helpful.rows.tolist() == np.argsort(-values)[:3].tolist()
    assert harmful.rows.tolist() == np.argsort(values)[:3].tolist()
    assert (helpful.values > 0).all()
    assert (harmful.values < 0).all()
    assert helpful.ids == tuple(ids[helpful.rows])


def test_a_flipped_copy_harms_and_an_equal_copy_helps():
    labels, evidence, _ = world(checkpoints=1, seeds=1)
    item = evidence[0]
    features, logits = item.features.copy(), np.zeros_like(item.logits)
    features[1] = features[2] = features[0]
    labels[:3] = 0, 0, 1
    same = [CheckpointEvidence(item.checkpoint, logits, features)]
    assert tracin(0, 0, labels, np.array([1]), same)[0] > 0
    assert tracin(0, 0, labels, np.array([2]), same)[0] < 0


def test_blocks_do_not_change_the_values(monkeypatch):
    labels, evidence, _ = world()
    whole = tracin(1, 0, labels, np.arange(14), evidence)
    monkeypatch.setattr("core.attributions.training_examples.BLOCK", 3)
    assert np.allclose(tracin(1, 0, labels, np.arange(14), evidence), whole, rtol=1e-12)


def test_without_features_it_says_so():
    labels, evidence, _ = world(1, 1)
    with pytest.raises(RunError, match="kept no features"):
        tracin(0, 0, labels, np.arange(3), [CheckpointEvidence(evidence[0].checkpoint, evidence[0].logits)])
