"""A person's own network: run only when trusted, asked the same questions, refused in words when it cannot answer."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from oracles.per_example_gradients import loop_gradient_norms
from torch import nn
from training.tiny_worlds import columns, pictures, sentences

from core.models.adapter import adapt, check_input
from core.models.family import InputShape
from core.models.own_code import located, own_factory
from core.store.consent import remember_consent
from core.training import gather_evidence
from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.progress import SilentProgress
from core.types.runs import TrainingSpec
from core.types.signals import Signal

_CODE = """
from torch import nn
def make(dims, classes):
    return nn.Sequential(nn.Conv2d(dims[0], 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
                         nn.Linear(16, classes))
"""
SHAPE = InputShape(Modality.TABLE, (6,))


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "own_networks.py").write_text(_CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "own_networks:make"
    sys.modules.pop("own_networks", None)


def test_all_signals_of_an_own_network(own_module: str, tmp_path: Path) -> None:
    spec = TrainingSpec(model=own_module, epochs=2, seeds=1, folds=2, learning_rate=0.01)
    spec = replace(spec, image_size=(10, 10), mean=(0.5,), std=(0.25,))
    remember_consent("mine", located(own_module))
    asked = {"folder": tmp_path / "run", "seed": 0, "progress": SilentProgress()}
    with pytest.raises(ModelError, match="Nothing was run"):
        gather_evidence(pictures(), spec, frozenset(Signal), **asked)
    assert "own_networks" not in sys.modules
    factory = own_factory("mine", own_module)
    evidence = gather_evidence(pictures(), spec, frozenset(Signal), trusted_factory=factory, **asked)
    assert evidence.checkpoints[-1].features.shape == (48, 16)
    assert np.isfinite(evidence.checkpoints[-1].gradient_norm).all()
    assert evidence.out_of_fold_model == "own_networks:make, cross-fitted"
    np.testing.assert_array_equal(evidence.checkpoints[-1].logits, evidence.trace.logits[0, -1])


def test_adapted_norms_are_exact_and_the_head_counts_once() -> None:
    from core.numerics.per_example import GradientTap

    network = adapt(lambda: nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)), SHAPE, 3, 0).double().eval()
    x, y = torch.randn(4, 6, generator=torch.Generator().manual_seed(0)).double(), torch.tensor([0, 1, 2, 0])
    with GradientTap(network) as tap:
        logits = network.head(network.features_from(network.embed(x)))
        norms = tap.squared_norms(x, logits, y).sqrt().numpy()
    np.testing.assert_allclose(norms, loop_gradient_norms(network, x, y), rtol=1e-10)


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        (lambda: nn.Conv1d(1, 1, 1), "no Linear layer"),
        (lambda: nn.Linear(6, 4), "4 outputs, the data 3 classes"),
        (lambda: 5, "returned a int"),
    ],
)
def test_networks_that_do_not_fit_are_refused(factory, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        adapt(factory, SHAPE, 3, 0)


def test_fault_44_wrong_input_and_altered_logits_are_refused() -> None:
    network = adapt(lambda: nn.Linear(9, 3), SHAPE, 3, 0)
    with pytest.raises(ModelError, match="examples are 6, the model's first layer reads 9 numbers"):
        check_input(network, SHAPE, torch.ones(1, 6))
    network = adapt(lambda: nn.Sequential(nn.Linear(6, 3), nn.Softmax(1)), SHAPE, 3, 0)
    with pytest.raises(ModelError, match="changes the output of its last Linear"):
        check_input(network, SHAPE, torch.ones(1, 6))


def test_own_networks_do_not_read_text(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="text is read by a Hugging Face folder"):
        gather_evidence(
            sentences(),
            TrainingSpec(epochs=1, seeds=1),
            frozenset({Signal.LOGITS}),
            folder=tmp_path,
            seed=0,
            progress=SilentProgress(),
            trusted_factory=lambda: nn.Linear(4, 3),
        )
    assert not (tmp_path / "arrays").exists()  # refused before anything is written
    with pytest.raises(ModelError, match="does not read this data"):
        gather_evidence(
            columns(),
            TrainingSpec(epochs=1, seeds=1),
            frozenset({Signal.LOGITS}),
            folder=tmp_path,
            seed=0,
            progress=SilentProgress(),
            trusted_factory=lambda: nn.Linear(99, 3),
        )
