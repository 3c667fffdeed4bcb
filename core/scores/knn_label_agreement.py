"""kNN label agreement: how much of a row's neighborhood shares its label.

    agreement_i = sum_j w_ij [y_j = y_i] / sum_j w_ij     over the k nearest labeled training rows j (never i itself)
    w_ij = exp(-(d_ij / d_ik)^2), d_ik the distance to the k-th (similarity);   or w_ij = 1 (uniform)

Range [0, 1]. HIGH is clean and typical, LOW is suspect; oriented like label quality. Needs no training, and held-out
rows have it too. An attention-free form of the confidence on a nearest-neighbor graph by which graph attention picks
the rows to keep. Fails: an embedding in which neighbors do not share labels; rare classes inside frequent ones; copies
with the same wrong label vouch for each other. On features of a network that memorized its labels it is spoiled, on
the label-free embedding used here it is not. Rustamov, Zaitouny & Zaki 2025 (GAIS); kNN consistency as in Wilson 1972.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64, Integer

from core.numerics.neighbors import Neighbors, nearest_neighbors
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import fit_check, skill, undefined_rows, without_label
from core.scores.shared.distances import neighbors_check
from core.types.errors import DataError
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal

_BLOCK_CELLS = 4_000_000  # votes [rows, classes] held at a time: 32 MB


@dataclass(frozen=True)
class AgreementParams:
    """Settings of the kNN label agreement."""

    k: int = param(10, label="Neighbors", low=1, help="More are steadier; keep below the size of the rarest class.")
    weights: str = param("similarity", label="Neighbors count", choices=("similarity", "uniform"))


def _compute(inputs: ScoreInputs, params: AgreementParams, progress: Progress) -> ScoreResult:
    train = inputs.examples.train_rows
    if len(train) < 2:
        raise DataError("kNN label agreement needs two labeled training rows.", "Give two or more labeled rows.")
    nearest = _neighbors(inputs, train, params.k, progress)
    weights = _weights(nearest.distances, params.weights)
    classes = max(inputs.examples.class_count, int(inputs.labels.max()) + 1)
    share, winner = _vote(inputs.labels[train][nearest.rows], weights, inputs.labels, classes)
    without, undefined = undefined_rows(without_label(inputs.examples))
    values = np.where(without, np.nan, share).astype(np.float32)
    accuracy = float((winner[train] == inputs.labels[train]).mean())
    used = nearest.rows.shape[1]
    checks = (
        neighbors_check(used, params.k, f"{len(train)} rows"),
        fit_check(accuracy, inputs.labels, f"The {used} nearest neighbors"),
    )
    return ScoreResult(
        values,
        undefined=undefined,
        checks=checks,
        skill=skill(accuracy, inputs.labels),
        meta={"k": used, "neighbor_accuracy": accuracy, "embedding": inputs.evidence.embedding_name},
    )


def _neighbors(inputs: ScoreInputs, train: Integer[np.ndarray, " row"], k: int, progress: Progress) -> Neighbors:
    """For every row of the table the k nearest of `train` (positions in it), never the row itself."""
    points, k = inputs.embedding[train], min(k, len(train) - 1)
    rows = np.empty((len(inputs.labels), k), dtype=np.int32)
    distances = np.empty((len(inputs.labels), k), dtype=np.float32)
    inside = nearest_neighbors(points, k, progress=progress, title="kNN label agreement")
    rows[train], distances[train] = inside.rows, inside.distances
    others = np.setdiff1d(np.arange(len(rows)), train)
    if len(others):
        queries = inputs.embedding[others]
        outside = nearest_neighbors(points, k, queries=queries, progress=progress, title="kNN label agreement")
        rows[others], distances[others] = outside.rows, outside.distances
    return Neighbors(rows, distances)


def _weights(distances: Float[np.ndarray, "example neighbor"], how: str) -> Float64[np.ndarray, "example neighbor"]:
    """[N, k] float64 in (0, 1]; only ratios of distances count, so the embedding's unit does not."""
    if how == "uniform":
        return np.ones(distances.shape)
    far = distances[:, -1:].astype(np.float64)
    return np.exp(-((distances / np.where(far > 0, far, 1.0)) ** 2))


def _vote(
    near: Integer[np.ndarray, "example neighbor"],
    weights: Float[np.ndarray, "example neighbor"],
    labels: Integer[np.ndarray, " example"],
    classes: int,
) -> tuple[Float64[np.ndarray, " example"], Int64[np.ndarray, " example"]]:
    """([N] share of the weight on the row's own label, [N] label with the most weight), in blocks."""
    share, winner = np.empty(len(near)), np.empty(len(near), dtype=np.int64)
    step = max(1, _BLOCK_CELLS // classes)
    for start in range(0, len(near), step):
        part = slice(start, start + step)
        count = len(near[part])
        cells = (np.arange(count)[:, None] * classes + near[part]).ravel()
        votes = np.bincount(cells, weights=weights[part].ravel(), minlength=count * classes).reshape(count, classes)
        share[part] = votes[np.arange(count), np.maximum(labels[part], 0)] / weights[part].sum(axis=1)
        winner[part] = votes.argmax(axis=1)
    return np.minimum(share, 1.0), winner


KNN_LABEL_AGREEMENT = ScoreMethod(
    name="knn_label_agreement",
    title="kNN label agreement",
    summary="How much of a row's neighborhood shares its label.",
    paper=Paper(
        "Rustamov, Zaitouny & Zaki",
        2025,
        "Scalable Graph Attention-Based Instance Selection via Mini-Batch Sampling and Hierarchical Hashing",
        "https://arxiv.org/abs/2502.20293",
    ),
    params=AgreementParams,
    group=Group.LABEL_QUALITY,
    direction=Direction.TYPICAL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, most_helpful=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    range="0 to 1",
    high_means="Its neighbors share its label: clean and typical.",
    low_means="Its neighbors have other labels: probably labeled wrong.",
    cost="N x N x d, in blocks; no training.",
)
