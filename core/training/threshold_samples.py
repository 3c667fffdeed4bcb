"""Two trainings in which some rows carry an extra class: what the margin of a wrong label looks like here.

The rows of a set are relabeled to a class that does not exist, so that a network can only learn them by heart, as it
would a wrong label. Each of the two disjoint sets is relabeled in one training, in which all other rows are themselves.
Pleiss et al. 2020 (AUM).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.models.encoding import Encoded
from core.models.image_inputs import without_weights
from core.numerics.devices import derive_seed
from core.types.errors import CurationError, ModelError
from core.types.evidence import ThresholdRun
from core.types.examples import ExampleTable
from core.types.progress import Progress
from core.types.runs import TrainingSpec
from core.types.signals import Signal

from .job import TrainingJob, prepare
from .loop import EpochEnd, Resume, TrainingRows, batches_per_epoch, train
from .optimizers import make_optimizer
from .passes import PassSettings, batches_per_pass, run_pass


def threshold_sets(labels: np.ndarray, class_count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two disjoint random sets of N/C rows each, to be relabeled to an extra class in two extra trainings.

    Each row is scored as itself in at least one of the two. Raises `CurationError` with fewer than two classes, where
    the sets would overlap, or with fewer rows than classes.
    """
    size = len(labels) // class_count
    if class_count < 2 or size < 1:
        raise CurationError(
            f"{len(labels)} rows of {class_count} classes leave no room for two sets of threshold samples.",
            "Threshold samples need two classes and at least as many rows as classes.",
        )
    order = rng.permutation(len(labels))
    return np.sort(order[:size]), np.sort(order[size : 2 * size])


def train_threshold_samples(
    examples: ExampleTable,
    spec: TrainingSpec,
    sets: Sequence[np.ndarray],
    *,
    folder: Path,
    seed: int,
    progress: Progress,
    trusted_factory: Callable[..., Any] | None = None,
    memory: int | None = None,
) -> tuple[ThresholdRun, ...]:
    """For each of `sets` [n] (training rows) one training with those rows in an extra class; margins at each epoch.

    Goes on after any whole epoch of an interrupted call with the same numbers, and only reads finished trainings.
    Cost: one more seed for each set. memory: bytes that a pass may take. Raises `ModelError` for a model without a
    trace of training.
    """
    wider = replace(examples, class_names=(*examples.class_names, "threshold sample"))
    asked = without_weights(spec)  # networks trained elsewhere have no place for the extra class
    job = prepare(wider, asked, frozenset({Signal.LOGITS}), Path(folder), seed, progress, trusted_factory, memory)
    if job.probabilities_only:
        raise ModelError(f"{job.name} leaves no margins over epochs.", "Choose a network, or leave the threshold out.")
    encoded = job.encoder.encode(wider, job.recorder.work)
    return tuple(_one(job, encoded, number, np.asarray(rows)) for number, rows in enumerate(sets))


def _one(job: TrainingJob, encoded: Encoded, number: int, relabeled: np.ndarray) -> ThresholdRun:
    piece, plan = f"threshold-{number}", job.plan
    rows = job.examples.train_rows
    steps = batches_per_epoch(len(rows), plan) + batches_per_pass(
        job.network(0), job.encoder.shape, len(encoded), job.memory
    )
    job.progress.stage(f"Threshold samples, set {number + 1}", plan.epochs * steps)
    margins = job.recorder.open_array(piece, (plan.epochs, len(encoded)), np.float32)
    if job.recorder.finished(piece) is None:
        labels = job.examples.labels.copy()
        labels[relabeled] = job.examples.class_count - 1
        _train(job, encoded, piece, labels, steps, margins)
    else:
        job.progress.advance(plan.epochs * steps)
    return ThresholdRun(relabeled, margins)


def _train(job: TrainingJob, encoded: Encoded, piece: str, labels: np.ndarray, steps: int, margins: np.ndarray) -> None:
    seed, recorder = derive_seed(piece, job.seed), job.recorder
    network = job.network(seed)
    optimizer = make_optimizer(network, job.plan)
    epoch, rates = recorder.restore(piece, network, optimizer)
    job.progress.advance(epoch * steps)

    def record(end: EpochEnd) -> None:
        """Add the margins at the end of an epoch."""
        rates.append(end.learning_rate)
        settings = PassSettings(memory=job.memory, bf16=job.spec.bf16)
        taken = run_pass(network, encoded, labels, frozenset(), progress=job.progress, settings=settings)
        margins[end.epoch - 1] = _margin(taken.logits, labels)
        margins.flush()  # type: ignore[attr-defined]
        recorder.snapshot(piece, network, end.optimizer, end.epoch, rates)

    train(
        network,
        TrainingRows(encoded, labels, job.examples.train_rows),
        seed=seed,
        plan=job.plan,
        progress=job.progress,
        on_epoch=record,
        resume=Resume(epoch, optimizer.state_dict() if epoch else None),
    )
    recorder.finish(piece, {"rates": rates})


def _margin(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """[N] float32: the label's logit minus the largest other one; class 0 stands in for rows without a label."""
    rows, own = np.arange(len(labels)), np.maximum(labels, 0)
    rest = logits.copy()
    rest[rows, own] = -np.inf
    return logits[rows, own] - rest.max(axis=1)
