"""kNN distance: how far an example is from its nearest others.

    knn_distance_i = mean distance to the k nearest other examples in the label-free embedding

From 0 up, in the embedding's own unit. High: out of distribution, or rare. Needs no label and no training. Fails: in
high dimension all distances grow alike and the contrast shrinks; a tight group of more than k outliers escapes it. The
out-of-distribution score of cleanlab is this before its rescaling. Held-out rows count as others: a held-out copy of a
training row is its nearest other. Kuan & Mueller, ICML workshop 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.numerics.neighbors import nearest_neighbors
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.distances import contrast_check, neighbors_check
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class KNNDistanceParams:
    """Settings of the kNN distance."""

    k: int = param(
        10, label="Neighbors", low=1, help="More smooth the score; a group of outliers must be smaller than this."
    )
    metric: str = param("euclidean", label="Distance", choices=("euclidean", "cosine"))


def _compute(inputs: ScoreInputs, params: KNNDistanceParams, progress: Progress) -> ScoreResult:
    nearest = nearest_neighbors(
        inputs.embedding, params.k, metric=params.metric, progress=progress, title="kNN distance"
    )
    values = nearest.distances.mean(axis=1, dtype=np.float64).astype(np.float32)
    used = nearest.rows.shape[1]
    checks = (
        neighbors_check(used, params.k, f"{len(values)} examples"),
        contrast_check(values),
    )
    return ScoreResult(values, checks=checks, meta={"k": used, "embedding": inputs.evidence.embedding_name})


KNN_DISTANCE = ScoreMethod(
    name="knn_distance",
    title="kNN distance",
    summary="How far an example is from its nearest others.",
    paper=Paper(
        "Kuan & Mueller",
        2022,
        "Back to the Basics: Revisiting Out-of-Distribution Detection Baselines",
        "https://arxiv.org/abs/2207.03061",
    ),
    params=KNNDistanceParams,
    group=Group.DENSITY,
    direction=Direction.OOD,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, keep_clean_core=-1, remove_redundant=-1, find_ood=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    range="0 and up",
    high_means="Far from every other example: rare, or not from this data.",
    low_means="In a crowd of alike examples.",
    cost="N x N x d, in blocks; no training.",
    needs_labels=False,
)
