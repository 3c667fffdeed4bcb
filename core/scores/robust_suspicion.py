"""Robust suspicion: what the judge says of a label, and what a second judge says that learned without doubted rows.

    s_i = log( max_{c != y} p_ic / p_iy ) - 2 log q_iy
    p: out-of-fold probabilities of the run's judge. q: out-of-fold probabilities of logistic regression on the
    embedding, fitted to the other folds' rows whose label the judge did not doubt (argmax p = y)

Range: any number, about -30 to 60. HIGH is suspected. Wrong labels that follow a pattern (all cats called dogs) teach
the first judge the pattern; the second one never saw most of them. The weights were chosen on planted flips (10 and
40 % to any class, 30 % to the next one) of images whose labels are known, not on human noise: there each of the two
alone lost up to .15 of the area under the curve, together no more than .01. Fails: where the judge doubts a whole
class, the second has nothing to learn it from; an embedding in which classes do not show. Held-out rows are judged by
the mean over the folds. Retraining on what is judged clean: iterative noise filtering as in Brodley & Friedl 1999.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import fit_check, skill, undefined_rows, without_label
from core.types.errors import DataError
from core.types.examples import ExampleTable
from core.types.methods import Direction, Group, Paper, Use
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_LEAST = 1e-6  # a probability of 0 is suspicious, not infinitely so
_NORM = 4.0  # root mean square length of a vector, whatever the embedding's unit: the decay then means the same
_DECAY = 1e-2  # per example, as that of the linear heads
_SECOND = 2.0  # how much the second judge counts


@dataclass(frozen=True)
class SuspicionParams:
    """Settings of the robust suspicion."""

    folds: int = param(5, label="Folds", low=2, high=100, help="Parts of the rows for the second judge.")


def suspicion(
    first: Float[np.ndarray, "row class"], second: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float64[np.ndarray, " row"]:
    """The formula above, of probabilities of both judges."""
    at = np.arange(len(labels)), labels
    others = np.array(first, dtype=np.float64)
    others[at] = 0.0
    doubt = np.log(np.maximum(others.max(axis=1), _LEAST)) - np.log(np.maximum(first[at], _LEAST))
    return np.asarray(doubt - _SECOND * np.log(np.maximum(second[at], _LEAST)), dtype=np.float64)


def confident_share(probabilities: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]) -> float:
    """Share of the rows that confident learning counts under another class than their label.

    A row counts under the most probable class j with p_j at least the mean of p_j over the rows labeled j. On planted
    flips of 10, 30 and 40 % it says .11, .31 and .41 where the judge is right on seven, five and five rows of ten.
    """
    at_least = np.full(probabilities.shape[1], np.inf)
    for label in np.unique(labels):
        at_least[label] = probabilities[labels == label, label].mean() - _LEAST
    candidates = np.where(probabilities >= at_least, probabilities, -1.0)
    counted = candidates.max(axis=1) > 0
    return float((counted & (candidates.argmax(axis=1) != labels)).mean())


def _compute(inputs: ScoreInputs, params: SuspicionParams, progress: Progress) -> ScoreResult:
    first = np.asarray(inputs.out_of_fold, dtype=np.float64)
    without, undefined = undefined_rows(
        {
            **without_label(inputs.examples),
            "row without out-of-fold prediction": np.asarray(~np.isfinite(first).all(axis=1)),
        }
    )
    train = np.setdiff1d(inputs.examples.train_rows, np.flatnonzero(without))
    doubted = first.argmax(axis=1) != inputs.labels
    clean = train[~doubted[train]]
    if first.shape[1] < 2 or not len(train):
        raise DataError("There is no other class, or no row, to suspect.", "Give two classes or more, and labels.")
    fold_of = _folds(inputs.examples, train, params.folds, inputs.seed)
    second = _second_judge(inputs, first, clean, fold_of, progress)
    rows = np.flatnonzero(~without)
    values = np.full(len(first), np.nan, dtype=np.float32)
    values[rows] = suspicion(first[rows], second[rows], inputs.labels[rows])
    accuracy = float((second[train].argmax(axis=1) == inputs.labels[train]).mean())
    checks = (fit_check(accuracy, inputs.labels, "The second judge, out of fold,"), _kept_check(len(clean), len(train)))
    meta = {
        "second_accuracy": accuracy,
        "rows_not_doubted": len(clean),
        "suspected_share": confident_share(first[train], inputs.labels[train]),
        "embedding": inputs.evidence.embedding_name,
    }
    return ScoreResult(values, undefined=undefined, checks=checks, skill=skill(accuracy, inputs.labels), meta=meta)


def _folds(
    examples: ExampleTable, train: Integer[np.ndarray, " row"], folds: int, seed: int
) -> Integer[np.ndarray, " example"]:
    """[N] fold of each training row, -1 elsewhere: by label, whatever the order of the rows; groups and copies stay
    together.
    """
    together = examples.groups if examples.groups is not None else examples.exact_duplicate_of
    ids = examples.ids
    names = [str(together[r] if examples.groups is not None else ids[together[r]]) if together is not None else ids[r]
             for r in train]  # fmt: skip
    place = {}
    keys = sorted(
        {name: (int(examples.labels[r]), hashlib.sha256(f"{seed} {name}".encode()).digest(), name)
         for name, r in sorted(zip(names, train.tolist(), strict=True), key=lambda pair: str(ids[pair[1]]))}.values()
    )  # fmt: skip
    for number, (_, _, name) in enumerate(keys):
        place[name] = number % folds
    out = np.full(len(examples), -1)
    out[train] = [place[name] for name in names]
    return out


def _second_judge(
    inputs: ScoreInputs,
    first: Float[np.ndarray, "example class"],
    clean: Integer[np.ndarray, " row"],
    fold_of: Integer[np.ndarray, " example"],
    progress: Progress,
) -> Float64[np.ndarray, "example class"]:
    """[N, C] of models that learned from the clean rows of the other folds; the first judge where they cannot."""
    points, folds = inputs.embedding.astype(np.float64), np.unique(fold_of[fold_of >= 0])
    progress.stage("Robust suspicion", len(folds))
    if len(np.unique(inputs.labels[clean])) < 2:
        progress.advance(len(folds))
        return np.array(first)
    points = points - points[clean].mean(axis=0)
    length = np.sqrt((points[clean] ** 2).sum(axis=1).mean())
    points *= _NORM / length if length > 0 else 1.0
    out, outside = np.array(first), np.flatnonzero(fold_of < 0)
    out[outside] = 0.0
    for fold in folds:
        seen = clean[fold_of[clean] != fold]
        said = _fitted(points, seen, inputs.labels, first)
        out[fold_of == fold] = said[fold_of == fold]
        out[outside] += said[outside] / len(folds)
        progress.advance()
    return out


def _fitted(
    points: Float[np.ndarray, "example feature"],
    seen: Integer[np.ndarray, " row"],
    labels: Integer[np.ndarray, " example"],
    first: Float[np.ndarray, "example class"],
) -> Float64[np.ndarray, "example class"]:
    if len(np.unique(labels[seen])) < 2:
        return first
    model: Any = _logistic(len(seen)).fit(points[seen], labels[seen])
    out = np.zeros(first.shape)
    out[:, model.classes_] = model.predict_proba(points)
    return out


def _logistic(rows: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1 / (_DECAY * rows), max_iter=500)


def _kept_check(kept: int, rows: int) -> AssumptionCheck:
    light = Light.GREEN if kept >= 0.6 * rows else Light.AMBER if kept >= 0.3 * rows else Light.RED
    return AssumptionCheck(light, f"The second judge learned from {kept:,} of {rows:,} rows.", "second judge")


ROBUST_SUSPICION = ScoreMethod(
    name="robust_suspicion",
    title="Robust suspicion",
    summary="What the judge doubts, and a second judge that learned without the doubted rows.",
    paper=Paper("Brodley & Friedl", 1999, "Identifying Mislabeled Training Data", "https://doi.org/10.1613/jair.606"),
    params=SuspicionParams,
    group=Group.LABEL_QUALITY,
    direction=Direction.NOISY,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_clean_core=-1, most_helpful=-1),
    needs=(Signal.OUT_OF_FOLD, Signal.EMBEDDING),
    compute=_compute,
    through_encoder=True,
    uses=(Use.SUSPICION,),
    range="any number",
    high_means="Both judges expect another label: probably labeled wrong.",
    low_means="Both judges are sure of its label.",
    cost="The judge's, then one logistic regression on N x d per fold.",
)
