"""Out-of-fold probabilities and cross-fitted networks: what models say that did not see the row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import softmax

from core.numerics.devices import derive_seed
from core.types.errors import ModelError
from core.types.evidence import FoldModel
from core.types.examples import ExampleTable
from core.types.progress import Progress

from .fitting import TrainingSetup
from .loop import batches_per_epoch
from .recorder import Recorder


def assign_folds(examples: ExampleTable, rows: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """[N] fold number of each of `rows`, -1 elsewhere: stratified by label, groups and exact duplicates kept together.

    Raises `ModelError` when fewer rows (or groups) than folds exist.
    """
    if folds < 2:
        raise ModelError(f"folds is {folds}.", "Give at least 2: each row is judged by a model that did not see it.")
    units = _units(examples, rows, folds)
    rng = np.random.default_rng([seed, folds])
    order = rng.permutation(int(units.max()) + 1)
    first = np.zeros(len(order), np.int64)
    first[units[::-1]] = np.arange(len(units))[::-1]  # a unit is stratified by the label of its first row
    labels = examples.labels[rows[first]]
    fold_of = np.zeros(len(order), np.int64)
    offset = 0
    for label in np.unique(labels):
        members = order[labels[order] == label]
        fold_of[members] = (np.arange(len(members)) + offset) % folds
        offset += len(members)  # the next class begins where this one ended, so that folds stay equally large
    out = np.full(len(examples), -1)
    out[rows] = fold_of[units]
    return out


def refuse_too_many_folds(examples: ExampleTable, folds: int) -> None:
    """`ModelError` where the training rows do not make so many folds; told before anything is trained."""
    _units(examples, examples.train_rows, folds)


def _units(examples: ExampleTable, rows: np.ndarray, folds: int) -> np.ndarray:
    """[len(rows)] number of the group, or of the duplicates, that each row belongs to: what stays in one fold."""
    _, units = np.unique(_groups(examples)[rows], return_inverse=True)
    count = int(units.max(initial=-1)) + 1
    if count < folds:
        raise ModelError(
            f"{count} separate training rows do not make {folds} folds.", "Ask for fewer folds, or give more rows."
        )
    return units


def _groups(examples: ExampleTable) -> np.ndarray:
    if examples.groups is not None:
        return np.asarray(examples.groups).astype(str)
    if examples.exact_duplicate_of is not None:
        return np.asarray(examples.exact_duplicate_of)
    return np.arange(len(examples))


def estimator_probabilities(
    make: Callable[[], Any],
    matrix: Any,
    labels: np.ndarray,
    fold_of: np.ndarray,
    classes: int,
    recorder: Recorder,
    progress: Progress,
) -> np.ndarray:
    """[N, C] float64 from a scikit-learn classifier per fold; rows outside all folds get the mean over the fold models.

    A class absent from a fold's training rows has probability 0 there.
    """
    folds = int(fold_of.max()) + 1
    progress.stage("Out-of-fold probabilities", folds)
    total, outside = np.zeros((len(labels), classes)), np.flatnonzero(fold_of < 0)
    for fold in range(folds):
        if (part := recorder.read(f"fold-{fold}-probabilities")) is None:
            seen = np.flatnonzero((fold_of >= 0) & (fold_of != fold))
            part = _widened(fit(make, matrix[seen], labels[seen]), matrix, classes)
            recorder.write(f"fold-{fold}-probabilities", part)
        rows = np.flatnonzero(fold_of == fold)
        total[rows] = part[rows]
        total[outside] += part[outside] / folds
        progress.advance()
    for fold in range(folds):
        recorder.array(f"fold-{fold}-probabilities").unlink(missing_ok=True)
    return total


def fit(make: Callable[[], Any], matrix: Any, labels: np.ndarray, weights: np.ndarray | None = None) -> Any:
    """A fitted estimator; one that always says the only class when there is but one. weights: [n] of the rows."""
    if len(np.unique(labels)) < 2:
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="prior").fit(matrix, labels)
    return make().fit(matrix, labels) if weights is None else make().fit(matrix, labels, sample_weight=weights)


def _widened(estimator: Any, matrix: Any, classes: int) -> np.ndarray:
    out = np.zeros((matrix.shape[0], classes))
    out[:, np.asarray(estimator.classes_, dtype=np.int64)] = estimator.predict_proba(matrix)
    return out


def network_folds(
    setup: TrainingSetup,
    fold_of: np.ndarray,
    seed: int,
    recorder: Recorder,
    progress: Progress,
    train_fold: Callable[..., None],
) -> tuple[FoldModel, ...]:
    """One network per fold, trained on the other folds and seen over all rows; finished folds are only read.

    train_fold(setup, fold, rows, seed, recorder, progress) leaves the fold's arrays and its finished marker.
    """
    models = []
    folds = int(fold_of.max()) + 1
    for fold in range(folds):
        trained = (fold_of >= 0) & (fold_of != fold)
        rows = np.flatnonzero(trained)
        steps = setup.plan.epochs * batches_per_epoch(len(rows), setup.plan) + setup.pass_batches
        progress.stage(f"Cross-fitting, fold {fold + 1} of {folds}", steps)
        if recorder.finished(f"fold-{fold}") is None:
            train_fold(setup, fold, rows, derive_seed("fold", seed, fold), recorder, progress)
        else:
            progress.advance(steps)
        about = recorder.finished(f"fold-{fold}")
        logits, features = recorder.read(f"fold-{fold}-logits"), recorder.read(f"fold-{fold}-features")
        assert logits is not None
        assert features is not None
        assert about is not None
        models.append(FoldModel(fold, logits, features, trained, setup.plan.weight_decay, about["has_bias"]))
    return tuple(models)


def fold_probabilities(models: tuple[FoldModel, ...], fold_of: np.ndarray) -> np.ndarray:
    """[N, C] float64: each row from the network that did not see it, rows outside all folds the mean over networks."""
    probabilities = [softmax(np.asarray(m.logits, dtype=np.float64), axis=1) for m in models]
    out = np.mean(probabilities, axis=0)
    for model, p in zip(models, probabilities, strict=True):
        rows = np.flatnonzero(fold_of == model.fold)
        out[rows] = p[rows]
    return out
