"""The run's own kind of model as a learner of a check; torch is imported with this module's use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.models.image_inputs import without_weights
from core.types.errors import ModelError
from core.types.examples import ExampleTable, Modality
from core.types.progress import Progress, SilentProgress
from core.types.runs import RunSpec
from core.types.signals import Signal

from .learners import Learner, refill

_BATCH = 256  # rows predicted at once; the predictions do not depend on it


def full_learner(
    examples: ExampleTable,
    spec: RunSpec,
    splits: np.ndarray,
    held_out: np.ndarray,
    folder: Path,
    factory: Callable[..., Any] | None = None,
) -> Learner:
    """Networks through the training loop, or the run's scikit-learn model. splits [N]: which rows may be trained on.

    The encoder sees the labeled training rows of `splits` alone, the same for every arm. Raises `ModelError` for
    recorded outputs, which nothing can be trained on. factory: makes the person's own network.
    """
    if examples.modality is Modality.TRACE or examples.inputs is None:
        raise ModelError("This run holds recorded outputs: there is nothing to train on.", "Use the quick mode.")
    from core.training.job import prepare

    training = without_weights(spec.training)  # own weights have seen every row: the same model, trained afresh
    job = prepare(
        replace(examples, splits=splits),
        training,
        frozenset({Signal.LOGITS}),
        folder,
        spec.seed,
        SilentProgress(),
        factory,
    )
    if job.probabilities_only:
        return EstimatorLearner(job, held_out)
    return NetworkLearner(job, job.encoder.encode(job.examples, folder / "work"), held_out)


class NetworkLearner:
    """The run's network and plan: every arm takes as many steps as an epoch of all rows has, as many epochs as a run.

    A small arm's rows are gone through several times per epoch, each equally often, so that batch size, schedule and
    number of steps are the same for all arms.
    """

    def __init__(self, job: Any, encoded: Any, held_out: np.ndarray):
        from core.training.loop import batches_per_epoch

        self._job, self._encoded, self._held_out = job, encoded, held_out
        self._size = len(job.examples.train_rows)
        self.name = f"{job.name}, {job.plan.epochs} epochs"
        self.steps: int = job.plan.epochs * batches_per_epoch(self._size, job.plan)

    def predict(
        self, rows: np.ndarray, labels: np.ndarray, seed: int, progress: Progress, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """Class [V] of each held-out row after the last epoch.

        weights [N], mean 1: rows are drawn in proportion, anew for each epoch, as a weighted sampler does.
        """
        from core.numerics.devices import derive_seed
        from core.training.loop import EpochEnd, TrainingRows, train

        own = derive_seed("check", seed)
        network = self._job.network(own)
        rng = np.random.default_rng([seed, 2])
        share = None if weights is None else weights[rows].astype(np.float64) / weights[rows].sum(dtype=np.float64)

        def drawn() -> np.ndarray:
            if share is not None:
                return rng.choice(rows, self._size, p=share)
            return rows.copy() if len(rows) == self._size else refill(rows, self._size, rng)

        filled = drawn()

        def next_epoch(_: EpochEnd) -> None:
            if share is not None or len(rows) != self._size:
                filled[:] = drawn()  # the remainder is drawn anew for each epoch

        train(
            network,
            TrainingRows(self._encoded, np.array(labels), filled),
            seed=own,
            plan=self._job.plan,
            progress=progress,
            on_epoch=next_epoch,
        )
        return self._classes(network)

    def _classes(self, network: Any) -> np.ndarray:
        import torch

        from core.numerics.devices import in_halves
        from core.training.loop import to_device

        device = next(network.parameters()).device
        classes = np.empty(len(self._held_out), np.int64)

        def take(start: int, stop: int) -> None:
            batch = self._encoded.batch(self._held_out[start:stop])
            classes[start:stop] = network(to_device(batch, device)).argmax(1).cpu().numpy()

        with torch.no_grad():
            for start in range(0, len(classes), _BATCH):
                in_halves(take, start, min(start + _BATCH, len(classes)), lambda: None)
        return classes


class EstimatorLearner:
    """The run's scikit-learn model, fitted until it stops by itself: it has no optimizer steps to make equal."""

    steps = None

    def __init__(self, job: Any, held_out: np.ndarray):
        self._job, self._matrix, self._held_out = job, job.encoder.matrix(job.examples), held_out
        self.name = f"{job.name}, fitted until converged"

    def predict(
        self, rows: np.ndarray, labels: np.ndarray, seed: int, progress: Progress, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """Class [V] of each held-out row. weights [N]: given to a model that takes them, else rows are drawn so."""
        from core.training.folds import fit

        make = replace(self._job, seed=seed).estimator()[1]
        if weights is not None and not (takes := _takes_weights(make())):
            share = weights[rows].astype(np.float64) / weights[rows].sum(dtype=np.float64)
            rows = np.random.default_rng([seed, 3]).choice(rows, len(rows), p=share)
        given = weights[rows] if weights is not None and takes else None
        fitted = fit(make, self._matrix[rows], labels[rows], given)
        return np.asarray(fitted.predict(self._matrix[self._held_out]))


def _takes_weights(estimator: Any) -> bool:
    from sklearn.utils.validation import has_fit_parameter

    return bool(has_fit_parameter(estimator, "sample_weight"))
