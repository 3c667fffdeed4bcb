"""`core.score(..., encoder=)`: the head, its dynamics and the embedding come from a frozen encoder."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import core
from core.models import frozen
from core.models.frozen import features
from core.types.errors import ModelError
from core.types.runs import TrainingSpec

RNG = np.random.default_rng(3)
LABELS = np.arange(60) % 3
IMAGES = np.clip(RNG.normal(60 + 60 * LABELS[:, None, None, None], 30, (60, 8, 8, 3)), 0, 255).astype(np.uint8)


@pytest.fixture
def quarters(monkeypatch):
    """In place of EfficientNet: the means of the corners, colors apart. Tests of the line need no large network."""

    def load(file):
        def encode(pixels):
            x = torch.as_tensor(pixels).float().permute(0, 3, 1, 2) / 255
            return torch.nn.functional.adaptive_avg_pool2d(x, 2).flatten(1)

        return encode

    real = frozen.FROZEN[0]
    monkeypatch.setattr(frozen, "FROZEN", (replace(real, width=12, side=8, load=load),))
    return real.name


def test_scores_of_a_head_on_an_encoder(quarters):
    wrong = LABELS.copy()
    wrong[:3] = (wrong[:3] + 1) % 3
    scored = core.score(
        (IMAGES, wrong),
        encoder=quarters,
        scores=["label_quality", "aum", "influence_self", "knn_label_agreement"],
        training=TrainingSpec(seeds=1, folds=3),
    )
    for name in ("label_quality", "aum", "knn_label_agreement"):
        assert set(np.argsort(scored.results[name].values)[:3]) == {0, 1, 2}, name
    assert scored.results["label_quality"].meta["model"] == f"linear_head on {quarters}, cross-fitted"


def test_the_gradients_of_the_head_are_those_of_vmap(quarters, tmp_path):
    """GraNd of a linear head, from the run's own checkpoint, against per-example gradients."""
    from core.library.arrays import examples_from
    from core.models.stored import load_card, load_network
    from core.training.evidence import gather_evidence
    from core.types.progress import SilentProgress
    from core.types.signals import Signal

    examples = examples_from(IMAGES, LABELS)
    spec = TrainingSpec(seeds=1, epochs=2, checkpoints=1, encoder=quarters)
    signals = frozenset({Signal.LOGITS, Signal.GRADIENT_NORM, Signal.FEATURES})
    evidence = gather_evidence(examples, spec, signals, folder=tmp_path, seed=0, progress=SilentProgress())
    network, (_, encoder) = load_network(tmp_path / "model"), load_card(tmp_path / "model")
    x = torch.from_numpy(encoder.matrix(examples))
    weights = {name: p.detach() for name, p in network.named_parameters()}

    def loss(w, row, label):
        out = torch.func.functional_call(network, w, row[None])
        return torch.nn.functional.cross_entropy(out, label[None])

    each = torch.func.vmap(torch.func.grad(loss), (None, 0, 0))(weights, x, torch.from_numpy(LABELS))
    norms = torch.sqrt(sum((g.flatten(1) ** 2).sum(1) for g in each.values()))
    np.testing.assert_allclose(np.asarray(evidence.checkpoints[0].gradient_norm), norms, rtol=1e-5)
    np.testing.assert_allclose(np.asarray(evidence.checkpoints[0].features), x, atol=0)


def test_an_encoder_of_other_examples_is_refused():
    with pytest.raises(ModelError, match="reads text examples, not image"):
        core.score((IMAGES, LABELS), encoder="wordllama" if frozen.FROZEN[-1].is_here else "minilm")
    with pytest.raises(ModelError, match="at its own size"):
        core.score((IMAGES, LABELS), encoder="efficientnet_lite0", image_size=64)


def test_features_are_taken_once_for_head_and_embedding(quarters, monkeypatch):
    encoded: list[int] = []
    real = features._encoded

    def counted(*about):
        encoded.append(len(about[2]))
        return real(*about)

    monkeypatch.setattr(features, "_encoded", counted)
    core.score((IMAGES, LABELS), encoder=quarters, scores=["lof", "el2n"], training=TrainingSpec(seeds=1, epochs=1))
    assert encoded == [60]


def test_a_run_encodes_within_the_memory_that_was_stated(quarters, tmp_path, monkeypatch):
    from core.models.frozen import contents
    from core.runs.execute.execute import execute_run
    from core.types.progress import SilentProgress
    from core.types.runs import RunSpec

    stated: list[int | None] = []
    real = contents._threads

    def threads(inputs, memory):
        stated.append(memory)
        return real(inputs, memory)

    monkeypatch.setattr(contents, "_threads", threads)
    np.savez(tmp_path / "data.npz", images=IMAGES, labels=LABELS)
    training = TrainingSpec(seeds=1, epochs=1, folds=2, encoder=quarters)
    spec = RunSpec(str(tmp_path / "data.npz"), scores=("el2n",), training=training, map=False, threads=1, memory=10**8)
    run = execute_run(spec, tmp_path / "run", SilentProgress(), clusters=False)
    assert stated == [10**8]  # the embedding came first; the head found all vectors kept
    assert run.card["embedding"]["name"] == "EfficientNet-Lite0, PCA"
