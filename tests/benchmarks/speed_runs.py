"""How long a whole run takes, beside its training alone: what a person waits for after `python -m core run`.

A run reads the file, trains, passes over every kept checkpoint, computes the scores with their spread over seeds and
their checks, and stores all of it. Training alone is the same trainings and nothing else.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.actions.runs import run_here
from core.datasets import load_examples
from core.training.job import prepare
from core.training.loop import TrainingRows, train
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec
from core.types.signals import Signal
from tests.benchmarks.comparison import Comparison
from tests.benchmarks.speed_passes import TWELVE
from tests.benchmarks.workloads import PLANS, Workload

QUIET = SilentProgress()
_MODELS = {"W1": "mlp", "W2": "small_cnn", "W3": "mlp"}  # the workloads' own networks


@dataclass(frozen=True)
class RunBench:
    """A workload as a file, and the question that a run answers about it."""

    load: Workload
    folder: Path

    @property
    def spec(self) -> RunSpec:
        """Two seeds of a built-in network, three checkpoints of each, twelve scores; no map, whose time is UMAP's."""
        name = self.load.name
        training = TrainingSpec(_MODELS[name], epochs=PLANS[name].epochs, seeds=2, checkpoints=3)
        return RunSpec(str(self.folder / "data.npz"), scores=TWELVE, training=training, map=False)

    def write(self) -> None:
        """The rows as a person has them: images as bytes, tables as floats."""
        x = self.load.x.numpy()
        if x.ndim == 4:
            low, high = x.min(), x.max()
            x = ((x - low) * (255 / (high - low))).astype(np.uint8).transpose(0, 2, 3, 1)
        np.savez(self.folder / "data.npz", inputs=x, labels=self.load.labels)

    def run(self) -> None:
        """A whole run in a new workspace: nothing is there to be reused."""
        with _workspace() as folder:
            run_here(self.spec, folder / "run", QUIET)

    def train(self) -> None:
        """The run's trainings by themselves."""
        spec, examples = self.spec, load_examples(self.folder / "data.npz")
        with _workspace() as folder:
            job = prepare(examples, spec.training, frozenset({Signal.LOGITS}), folder, spec.seed, QUIET, None)
            encoded = job.encoder.encode(examples, folder)
            for seed in job.seeds:
                train(
                    job.network(seed),
                    TrainingRows(encoded, examples.labels, examples.train_rows),
                    seed=seed,
                    plan=job.plan,
                    progress=QUIET,
                )


def rows(load: Workload, folder: Path) -> list[Comparison]:
    """The whole run on one workload, whose file is written into `folder`."""
    bench = RunBench(load, folder)
    bench.write()
    return [
        Comparison(
            "a whole run of twelve scores",
            load.name,
            bench.run,
            bench.train,
            "its training alone",
            note="file read, two seeds trained, passes, scores, spread, checks, all stored; without the map",
        )
    ]


@contextmanager
def _workspace() -> Iterator[Path]:
    before = os.environ.get("CHAFFINCH_HOME")
    with tempfile.TemporaryDirectory(prefix="chaffinch-speed-") as folder:
        os.environ["CHAFFINCH_HOME"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("CHAFFINCH_HOME")
            if before is not None:
                os.environ["CHAFFINCH_HOME"] = before
