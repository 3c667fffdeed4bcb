"""Who may judge labels beside a run's own model. Order here is order everywhere.

Each candidate gives out-of-fold probabilities on the run's own folds. What a candidate costs is estimated from the
data alone, never measured: the same question about the same data is answered by the same candidates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.models import model_named
from core.models.encoding import FrozenChoice, fit_encoder
from core.models.frozen import frozen_for
from core.models.table_encoding import TableEncoder
from core.types.examples import Modality
from core.types.signals import Signal

from .fitting import TrainingSetup, fit_fold
from .folds import estimator_probabilities, fold_probabilities, network_folds
from .job import TrainingJob

MOST_SECONDS = 600.0  # of one core, for one candidate: what is dearer must be asked for by --encoder or --model
_DECAY = 1e-2  # of a head, per example: that of the family `linear_head`
_TREE_VALUES = 4e6  # rows x classes x trees that one core grows in a second on some ten columns
_STEP_ROWS = 2e4  # rows that one core passes through a small network, there and back, in a second


@dataclass(frozen=True)
class Candidate:
    """name: in words, for the table. seconds: of one core, estimated. probabilities(): float64 [N, C], out of fold."""

    name: str
    seconds: float
    probabilities: Callable[[], np.ndarray]


def candidates(job: TrainingJob, setup: TrainingSetup | None, fold_of: np.ndarray, own: str) -> list[Candidate]:
    """All that can read these examples, except the model called `own`, which has judged already."""
    found = [*_linear_on_terms(job, fold_of), *_trees(job, fold_of), *_heads(job, fold_of)]
    if setup is not None and not job.as_it_is and job.examples.modality is not Modality.IMAGE and not job.spec.encoder:
        found.append(_network(job, setup, fold_of))
    return [candidate for candidate in found if candidate.name != own and candidate.seconds <= MOST_SECONDS]


def _linear_on_terms(job: TrainingJob, fold_of: np.ndarray) -> list[Candidate]:
    if job.examples.modality is not Modality.TEXT or not job.spec.encoder:  # without an encoder the run's own judge
        return []

    def probabilities() -> np.ndarray:
        encoder = fit_encoder(job.examples, job.examples.train_rows)
        family = model_named("logistic_regression", Modality.TEXT)
        make = lambda: family.build(encoder.shape, job.examples.class_count, family.params(), job.seed)  # noqa: E731
        return _estimated(job, make, encoder.matrix(job.examples), fold_of)

    return [Candidate("logistic regression on terms", 0.002 * len(job.examples), probabilities)]


def _trees(job: TrainingJob, fold_of: np.ndarray) -> list[Candidate]:
    if not isinstance(job.encoder, TableEncoder):
        return []
    family = model_named("gradient_boosting", Modality.TABLE)
    settings = family.params()
    work = len(job.examples) * max(1, job.examples.class_count) * settings.rounds * job.spec.folds

    def probabilities() -> np.ndarray:
        make = lambda: family.build(job.encoder.shape, job.examples.class_count, settings, job.seed)  # noqa: E731
        return _estimated(job, make, job.encoder.matrix(job.examples), fold_of)

    return [Candidate("gradient_boosting", work / _TREE_VALUES, probabilities)]


def _heads(job: TrainingJob, fold_of: np.ndarray) -> list[Candidate]:
    others = [e for e in frozen_for(job.examples.modality) if e.is_here and e.name != job.spec.encoder]

    def of(name: str) -> Callable[[], np.ndarray]:
        def probabilities() -> np.ndarray:
            from sklearn.linear_model import LogisticRegression

            rows = job.examples.train_rows
            encoder = fit_encoder(job.examples, rows, frozen=FrozenChoice(name, job.progress, job.memory))
            strength = 1 / (_DECAY * max(1, len(rows)))
            make = lambda: LogisticRegression(C=strength, max_iter=1000, random_state=job.seed)  # noqa: E731
            return _estimated(job, make, encoder.matrix(job.examples), fold_of)

        return probabilities

    return [Candidate(f"linear head on {e.name}", e.seconds * len(job.examples) / 1000, of(e.name)) for e in others]


def _network(job: TrainingJob, setup: TrainingSetup, fold_of: np.ndarray) -> Candidate:
    """The run's own network, cross-fitted: free where the scores ask for its fold models anyway."""
    work = len(job.examples.train_rows) * setup.plan.epochs * job.spec.folds
    is_free = Signal.FOLD_MODELS in job.signals and not len(job.examples.held_out_rows)

    def probabilities() -> np.ndarray:
        from core.numerics.devices import derive_seed

        seed = derive_seed("folds", job.seed)
        models = network_folds(setup, fold_of, seed, job.recorder, job.progress, fit_fold)
        return fold_probabilities(models, fold_of)

    return Candidate(f"{job.name}, cross-fitted", 0.0 if is_free else work / _STEP_ROWS, probabilities)


def _estimated(job: TrainingJob, make: Callable[[], Any], matrix: Any, fold_of: np.ndarray) -> np.ndarray:
    examples = job.examples
    return estimator_probabilities(
        make, matrix, examples.labels, fold_of, examples.class_count, job.recorder, job.progress
    )
