"""Targets with their nearest training rows in order: the game that KNN-Banzhaf and retrieval importance are played in.

The utility of a set S of training rows is the share of K votes for the target's label that its K nearest give (the
divisor stays K). `presence` and `depth` say how far down a ranking a row still matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.numerics.neighbors import nearest_neighbors
from core.scores.knn_shapley import sample_targets, size_check, target_check, vote_hits
from core.scores.method import ScoreInputs
from core.scores.shared.assumptions import fit_check, skill, unlabeled
from core.types.errors import DataError
from core.types.examples import Split
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, ScoreResult


@dataclass(frozen=True, eq=False)
class RankedTargets:
    """train [n] and targets [V] rows of the table; order [V, M]: positions in `train`, nearest first.

    match [V, M] bool: same label as the target. accuracy: share of targets whose label wins the vote of K neighbors.
    clean: the targets are held out.
    """

    train: np.ndarray
    targets: np.ndarray
    order: np.ndarray
    match: np.ndarray
    accuracy: float
    clean: bool


def rank_targets(
    inputs: ScoreInputs, k: int, ranks: int, most_targets: int, progress: Progress, title: str
) -> RankedTargets:
    """The `ranks` nearest labeled training rows of each held-out row; of each other training row without held-out ones.

    O(V n d) time, O(V ranks) memory. Raises `DataError` when nobody is left to value or to value for.
    """
    train, held_out, labels = inputs.examples.train_rows, inputs.examples.held_out_rows, inputs.labels
    clean = len(held_out) > 0
    if len(train) < 1 + (not clean):
        raise DataError(
            f"{title} needs labeled training rows to value and targets to value them for.",
            "Give two or more labeled rows.",
        )
    picked = sample_targets(inputs, len(held_out) if clean else len(train), most_targets)
    points = inputs.embedding[train]
    if clean:
        queries = inputs.embedding[held_out[picked]]
        order = nearest_neighbors(points, ranks, queries=queries, progress=progress, title=title).rows
    else:
        order = _others(points, picked, ranks, progress, title)
    targets = (held_out if clean else train)[picked]
    near = labels[train][order]
    hits = vote_hits(near[:, :k], labels[targets])
    return RankedTargets(train, targets, order, near == labels[targets][:, None], hits / len(targets), clean)


def _others(points: np.ndarray, picked: np.ndarray, ranks: int, progress: Progress, title: str) -> np.ndarray:
    """[V, ranks] the nearest to some of the points, each left out of its own ranking."""
    if len(picked) == len(points):
        return nearest_neighbors(points, ranks, progress=progress, title=title).rows
    found = nearest_neighbors(points, ranks + 1, queries=points[picked], progress=progress, title=title).rows
    own = found == picked[:, None]
    own[~own.any(axis=1), -1] = True  # among many copies it may rank last of all
    return found[~own].reshape(len(picked), -1)


def presence(depth: int, k: int, p: float = 0.5) -> np.ndarray:
    """[depth + 1, k]: probability that j of the first i rows are present, each with probability p, for i, j."""
    table = np.zeros((depth + 1, k))
    table[0, 0] = 1.0
    for i in range(depth):
        table[i + 1] = (1.0 - p) * table[i]
        table[i + 1, 1:] += p * table[i, :-1]
    return table


def depth(k: int, epsilon: float, most: int, p: float = 0.5) -> int:
    """The last rank that matters more than `epsilon`: with that probability fewer than k rows before it are present.

    About k / p plus a few times sqrt(k log(1 / epsilon)) / p, and never more than `most`.
    """
    count = np.zeros(k)
    count[0] = 1.0
    for rank in range(1, most):
        count = np.append((1.0 - p) * count[0], (1.0 - p) * count[1:] + p * count[:-1])
        if count.sum() <= epsilon:
            return rank
    return most


def mean_over_targets(ranked: RankedTargets, values: np.ndarray) -> np.ndarray:
    """[n] mean over targets of `values` [V, M] at each training row; a row that is not ranked adds 0."""
    total = np.bincount(ranked.order.ravel(), weights=values.ravel(), minlength=len(ranked.train))
    return total / len(ranked.targets)


def valued_rows(
    inputs: ScoreInputs,
    ranked: RankedTargets,
    values: np.ndarray,
    k: int,
    meta: dict[str, Any],
    more_checks: tuple[AssumptionCheck, ...] = (),
) -> ScoreResult:
    """The result for `values` [n] of the training rows; the other rows are NaN with their reason."""
    examples = inputs.examples
    out = np.full(len(examples), np.nan, dtype=np.float32)
    out[ranked.train] = values
    without = {
        "unlabeled row": int(unlabeled(examples).sum()),
        "held-out row": int(((examples.splits != Split.TRAIN) & ~unlabeled(examples)).sum()),
    }
    checks = (
        target_check(ranked.clean, len(ranked.targets)),
        size_check(k, inputs.labels[ranked.train]),
        fit_check(ranked.accuracy, inputs.labels, f"The {k} nearest neighbors"),
        *more_checks,
    )
    about = {
        "targets": len(ranked.targets),
        "targets_are": "held-out rows" if ranked.clean else "training rows",
        "neighbor_accuracy": ranked.accuracy,
        "embedding": inputs.evidence.embedding_name,
    }
    return ScoreResult(
        out,
        undefined={reason: count for reason, count in without.items() if count},
        checks=checks,
        skill=skill(ranked.accuracy, inputs.labels),
        meta={**about, **meta},
    )
