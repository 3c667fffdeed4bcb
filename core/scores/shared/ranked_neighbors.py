"""Targets with their nearest training rows in order: the game that KNN-Banzhaf and retrieval importance are played in.

The utility of a set S of training rows is the share of K votes for the target's label that its K nearest give (the
divisor stays K). `presence` and `depth` say how far down a ranking a row still matters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer

from core.numerics.neighbors import nearest_neighbors
from core.scores.method import ScoreInputs
from core.scores.shared.targets import Targets, pick_targets, vote_hits
from core.types.progress import Progress


@dataclass(frozen=True, eq=False)
class RankedTargets(Targets):
    """order [V, M]: positions in `train`, nearest first; match [V, M] bool: same label as the target.

    accuracy: share of targets whose label wins the vote of K neighbors.
    """

    order: Integer[np.ndarray, "target rank"]
    match: Bool[np.ndarray, "target rank"]
    accuracy: float


def rank_targets(
    inputs: ScoreInputs, k: int, ranks: int, most_targets: int, progress: Progress, title: str
) -> RankedTargets:
    """The `ranks` nearest labeled training rows of each held-out row; of each other training row without held-out ones.

    O(V n d) time, O(V ranks) memory. Raises `DataError` when nobody is left to value or to value for.
    """
    chosen, labels = pick_targets(inputs, most_targets, title), inputs.labels
    points = inputs.embedding[chosen.train]
    if chosen.own_row is None:
        queries = inputs.embedding[chosen.targets]
        order = nearest_neighbors(points, ranks, queries=queries, progress=progress, title=title).rows
    else:
        order = _others(points, chosen.own_row, ranks, progress, title)
    near, own = labels[chosen.train][order], labels[chosen.targets]
    hits = vote_hits(near[:, :k], own)
    match = near == own[:, None]
    return RankedTargets(chosen.train, chosen.targets, chosen.own_row, order, match, hits / len(chosen.targets))


def some_of(ranked: RankedTargets, some: Integer[np.ndarray, " part"]) -> RankedTargets:
    """The same for some of the targets (positions); the accuracy stays that of all."""
    own_row = None if ranked.own_row is None else ranked.own_row[some]
    return replace(
        ranked, targets=ranked.targets[some], own_row=own_row, order=ranked.order[some], match=ranked.match[some]
    )


def _others(
    points: Float[np.ndarray, "row feature"],
    picked: Integer[np.ndarray, " target"],
    ranks: int,
    progress: Progress,
    title: str,
) -> Integer[np.ndarray, "target rank"]:
    """[V, ranks] the nearest to some of the points, each left out of its own ranking."""
    if len(picked) == len(points):
        return nearest_neighbors(points, ranks, progress=progress, title=title).rows
    nearest = nearest_neighbors(points, ranks + 1, queries=points[picked], progress=progress, title=title).rows
    own = nearest == picked[:, None]
    own[~own.any(axis=1), -1] = True  # among many copies it may rank last of all
    return nearest[~own].reshape(len(picked), -1)


def presence(depth: int, k: int, p: float = 0.5) -> Float64[np.ndarray, "place count"]:
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


def mean_over_targets(ranked: RankedTargets, values: Float[np.ndarray, "target rank"]) -> Float64[np.ndarray, " row"]:
    """[n] mean over targets of `values` [V, M] at each training row; a row that is not ranked adds 0."""
    total = np.bincount(ranked.order.ravel(), weights=values.ravel(), minlength=len(ranked.train))
    return total / len(ranked.targets)
