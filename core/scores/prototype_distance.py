"""Prototype distance: how far an example is from the center of its cluster.

    prototype_distance_i = || e_i - nearest k-means center ||            (mean over a few k-means starts)

e is the label-free (self-supervised, or given) embedding, or with `features` = network what each network's last layer
sees at its last kept checkpoint, mean over networks too: classes lie apart there, wrong labels that were memorized as
well. From 0 up. High: unlike the prototypes, hard or outlying. Needs no label. Keep the HARD (high) when data is
abundant, the EASY (low) when it is scarce or its labels are noisy: on digits keep-hard at 90 % pruning falls 12 points
below random. Fails: it depends on the number of clusters (by default the number of classes) and on the embedding's
scale. The clusters are those of all rows, held-out ones included. Examples are put into an order of their own before
k-means draws its starts, so that row order plays no part. Sorscher et al., NeurIPS 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.numerics.neighbors import centered, first_copy, squared_distance_blocks
from core.scores.knn_distance import contrast_check
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import agreement_check
from core.scores.shared.checkpoints import by_seed, features_of
from core.types.errors import CurationError
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress, SilentProgress
from core.types.scores import ScoreResult
from core.types.signals import Signal

_FIT_ROWS = 50_000  # centers of more rows differ by less than those of two starts


@dataclass(frozen=True)
class PrototypeParams:
    """Settings of the prototype distance."""

    clusters: int = param(0, label="Clusters", low=0, help="0: as many as there are classes.")
    starts: int = param(3, label="k-means starts", low=1, high=20, help="The score is the mean over them.")
    features: str = param(
        "embedding",
        label="Distances in",
        choices=("embedding", "network"),
        help="The label-free (or given) embedding, or the features of the trained networks.",
    )


def _compute(inputs: ScoreInputs, params: PrototypeParams, progress: Progress) -> ScoreResult:
    spaces = [inputs.embedding] if params.features == "embedding" else _network_features(inputs)
    per_start, clusters = [], 0
    seeds = inputs.rng.integers(2**31, size=params.starts)
    progress.stage("Prototypes", len(spaces) * len(seeds))
    for space in spaces:
        (points,) = centered(space)
        ordered = own_order(points, inputs.rng)
        distinct = len(np.unique(first_copy(ordered)))  # k-means needs as many different points as clusters
        clusters = max(1, min(params.clusters or inputs.examples.class_count, distinct))
        for seed in seeds:
            per_start.append(nearest_center(points, fit_centers(ordered, clusters, int(seed))))
            progress.advance()
    values = np.mean(per_start, axis=0).astype(np.float32)
    name = inputs.evidence.embedding_name if params.features == "embedding" else f"features of {len(spaces)} networks"
    return ScoreResult(
        values,
        per_seed=np.stack(per_start).astype(np.float32),
        checks=(contrast_check(values), agreement_check(np.stack(per_start), "starts")),
        meta={"clusters": clusters, "embedding": name},
    )


def _network_features(inputs: ScoreInputs) -> list[np.ndarray]:
    """[N, d] of each seed's last kept checkpoint."""
    last = [group[-1] for group in by_seed(inputs.checkpoints)]
    return [checked_rows(np.asarray(features_of(one), dtype=np.float32), inputs) for one in last]


def checked_rows(features: np.ndarray, inputs: ScoreInputs) -> np.ndarray:
    """`features` [N, d] if they are all finite, else `CurationError` naming the first bad row."""
    bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if len(bad):
        raise CurationError(
            f"The features of row {bad[0]} (id {inputs.examples.ids[bad[0]]}) are not finite.",
            "Look at that row's input, or lower the learning rate if training diverged.",
        )
    return features


def fit_centers(points: np.ndarray, clusters: int, seed: int) -> np.ndarray:
    """[clusters, d] k-means centers (k-means++ start from `seed`), from at most 50,000 evenly spaced rows."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    part = points[:: -(-len(points) // _FIT_ROWS)]
    with threadpool_limits(limits=1):  # several threads add up in any order, and a run must repeat to the bit
        return KMeans(clusters, n_init=1, random_state=seed).fit(part).cluster_centers_


def nearest_center(points: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """[N] float64 Euclidean distance to the nearest center, settled by differences."""
    centers = np.asarray(centers, dtype=np.float32)
    difference = np.asarray(points, dtype=np.float64) - centers[own_center(points, centers)]
    return np.sqrt(np.einsum("nd,nd->n", difference, difference))


def own_center(points: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """[N] int64 number of the nearest center."""
    points, centers = np.asarray(points, dtype=np.float32), np.asarray(centers, dtype=np.float32)
    own = np.empty(len(points), dtype=np.int64)
    for block, squared in squared_distance_blocks(centers, points, SilentProgress()):
        own[block] = squared.argmin(axis=1)
    return own


def own_order(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The rows sorted along a random direction: the same sequence for any order of the table."""
    along = points.astype(np.float64) @ rng.standard_normal(points.shape[1])
    return points[np.argsort(along, kind="stable")]


PROTOTYPE_DISTANCE = ScoreMethod(
    name="prototype_distance",
    title="Prototype distance",
    summary="How far an example is from the center of its cluster.",
    paper=Paper(
        "Sorscher et al.",
        2022,
        "Beyond neural scaling laws: beating power law scaling via data pruning",
        "https://arxiv.org/abs/2206.14486",
    ),
    params=PrototypeParams,
    group=Group.DENSITY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, keep_clean_core=-1, remove_redundant=-1, find_ood=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    range="0 and up",
    high_means="Unlike the typical examples: hard, or an outlier.",
    low_means="Close to a prototype: easy.",
    cost="Iterations x N x k x d for k clusters; no training (features of the networks: their training).",
    needs_labels=False,
    also_needs=lambda params: (Signal.FEATURES,) if params.features == "network" else (),
)
