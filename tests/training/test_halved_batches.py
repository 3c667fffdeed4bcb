"""Devices: what is not here is refused before any work; memory that runs out costs time, and no digit of a score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from training.tiny_worlds import columns

import core
from core.cli import main
from core.models.adapter import adapt
from core.models.family import InputShape
from core.numerics.devices import choose_device
from core.training.loop import TrainingRows, train
from core.training.passes import PassSettings, run_pass
from core.training.plan import TrainingPlan
from core.training.rows import ArrayRows
from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.progress import SilentProgress
from core.types.runs import TrainingSpec
from core.types.signals import Signal

ROWS = 22
SIGNALS = frozenset({Signal.LOGITS, Signal.FEATURES, Signal.GRADIENT_NORM})


class Small(nn.Module):
    """A network whose device holds `most` rows at once: more raise what CUDA raises."""

    def __init__(self, most: int):
        super().__init__()
        self.most = most
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))

    def forward(self, x):
        if len(x) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.layers(x)


def _world(most: int):
    network = adapt(lambda: Small(most), InputShape(Modality.TABLE, (4,)), 3, seed=0)
    x = torch.randn(ROWS, 4, generator=torch.Generator().manual_seed(1))
    return network, ArrayRows(x), np.arange(ROWS) % 3


def _pass(most: int):
    network, rows, labels = _world(ROWS)
    plain = run_pass(network, rows, labels, SIGNALS, progress=SilentProgress())
    network.inner.most = most
    return plain, run_pass(network, rows, labels, SIGNALS, progress=SilentProgress())


@pytest.mark.parametrize("most", [7, 2])
def test_a_pass_goes_on_in_halves_with_the_same_numbers(most: int) -> None:
    plain, halved = _pass(most)
    for name in ("logits", "features", "gradient_norm"):
        np.testing.assert_allclose(getattr(halved, name), getattr(plain, name), rtol=1e-5, atol=1e-6)


def test_one_row_that_is_too_many_is_said() -> None:
    network, rows, labels = _world(0)
    with pytest.raises(ModelError, match="does not hold the network with a single example"):
        run_pass(
            network, rows, labels, frozenset({Signal.LOGITS}), progress=SilentProgress(), settings=PassSettings(batch=8)
        )


def test_training_sums_the_gradient_over_parts() -> None:
    plan, weights = TrainingPlan(epochs=2, batch_size=16, learning_rate=0.1), []
    for most in (10**6, 3):
        network, rows, labels = _world(most)
        train(network, TrainingRows(rows, labels, np.arange(ROWS)), seed=0, plan=plan, progress=SilentProgress())
        weights.append(torch.cat([p.detach().flatten() for p in network.parameters()]))
    torch.testing.assert_close(*weights, rtol=1e-5, atol=1e-6)


def test_a_device_that_is_not_here_is_refused_before_any_work(tmp_path: Path, capsys) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    assert choose_device("").type == "cpu"
    with pytest.raises(ModelError, match="Unknown device"):
        choose_device("tpu")
    columns(12).inputs.assign(label=["a", "b"] * 6).to_csv(tmp_path / "data.csv", index=False)
    asked = ["run", str(tmp_path / "data.csv"), "--device", "cuda", "--out", str(tmp_path / "r"), "--quiet"]
    assert main(asked) == 2
    assert "There is no cuda device here." in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_cuda_says_what_the_cpu_says() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here: scores of both were not compared")
    network, rows, labels = _world(10**6)
    by_cpu = run_pass(network, rows, labels, SIGNALS, progress=SilentProgress())
    by_cuda = run_pass(network.cuda(), rows, labels, SIGNALS, progress=SilentProgress())
    for name in ("logits", "features", "gradient_norm"):
        np.testing.assert_allclose(getattr(by_cuda, name), getattr(by_cpu, name), rtol=1e-4, atol=1e-4)


def test_what_nobody_said_asks_the_same_question() -> None:
    assert "device" not in TrainingSpec().question()
    assert TrainingSpec(device="cpu").question()["device"] == "cpu"


def test_a_spec_that_says_no_device_is_written_as_before_there_was_one() -> None:
    from core.types.runs import RunSpec, spec_from_json

    assert "device" not in RunSpec("data.csv").to_json()["training"]
    said = RunSpec("data.csv", training=TrainingSpec(device="cpu"))
    assert spec_from_json(said.to_json()) == said


def test_an_encoder_goes_on_in_halves_with_the_same_vectors() -> None:
    from core.models.frozen.features import _values

    def encode(most: int):
        def of(batch):
            if len(batch) > most:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return torch.as_tensor(batch).flatten(1).float().cumsum(1)

        return of

    pixels = np.random.default_rng(0).integers(0, 9, (21, 2, 2, 3)).astype(np.uint8)
    np.testing.assert_array_equal(_values(encode(5), pixels, 12), _values(encode(21), pixels, 12))


def test_a_checks_predictions_are_taken_in_halves() -> None:
    from types import SimpleNamespace

    from core.evaluation.full_learners import NetworkLearner

    classes = []
    for most in (ROWS, 4):
        network, rows, _ = _world(most)
        learner = SimpleNamespace(_held_out=np.arange(ROWS)[::-1].copy(), _encoded=rows)
        classes.append(NetworkLearner._classes(learner, network.eval()))
    np.testing.assert_array_equal(*classes)


def test_the_librarys_device_is_refused_before_any_work_where_it_is_not() -> None:
    x = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    network = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    labels = np.arange(12) % 2
    here = core.score((x, labels), network, scores=("el2n",))
    there = core.score((x, labels), network, scores=("el2n",), device="cpu")
    np.testing.assert_array_equal(here.table["el2n"], there.table["el2n"])
    for device in ("mps", "tpu"):
        with pytest.raises(ModelError, match=device):
            core.score(None, network, device=device)
