"""Groups of similar inputs, found without labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types.methods import Paper
from core.types.params import param

from .method import Clustering
from .reduction import fit_rows, principal_components, require_finite

MINIBATCH_FROM = 100_000  # rows: full k-means would look at all of them in every iteration
DENSITY_ROWS = 20_000  # HDBSCAN grows with N^2 in practice; the rest join their nearest fitted row
DENSITY_DIMENSIONS = 10  # density means little in 64 dimensions


@dataclass(frozen=True)
class KMeansParams:
    """Settings of k-means."""

    k: int = param(10, label="Clusters", low=1, high=1000, help="How many groups.")


@dataclass(frozen=True)
class HdbscanParams:
    """Settings of HDBSCAN."""

    min_cluster_size: int = param(
        0,
        label="Smallest cluster",
        low=0,
        high=100_000,
        help="Smaller groups are no groups; 0 chooses 1 % of the rows, at least 5.",
    )


def default_k(class_count: int) -> int:
    """One cluster per class, at least ten."""
    return max(class_count, 10)


def cluster_kmeans(vectors: np.ndarray, params: KMeansParams, seed: int) -> np.ndarray:
    """int32 [N], 0..k-1 by falling size. At most one cluster per distinct vector."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    vectors = require_finite(vectors)
    k = min(params.k, len(np.unique(vectors, axis=0)))
    if len(vectors) >= MINIBATCH_FROM:
        model = MiniBatchKMeans(k, random_state=seed, n_init=3, batch_size=4096)
    else:
        model = KMeans(k, random_state=seed, n_init=3)
    return _by_size(model.fit_predict(vectors))


def cluster_hdbscan(vectors: np.ndarray, params: HdbscanParams, seed: int) -> np.ndarray:
    """int32 [N], 0.. by falling size, -1 for examples in no dense region; on ten principal components."""
    from sklearn.cluster import HDBSCAN

    vectors = require_finite(vectors)
    rows = fit_rows(len(vectors), seed, limit=DENSITY_ROWS)
    smallest = params.min_cluster_size or max(5, len(rows) // 100)
    if len(rows) < max(smallest, 2):
        return np.full(len(vectors), -1, dtype=np.int32)
    components = principal_components(vectors[rows], DENSITY_DIMENSIONS, seed)
    flat = components.transform(vectors)
    # min_samples 5: with the library's default (the cluster size) nearly all of a real set is called noise
    labels = HDBSCAN(min_cluster_size=max(smallest, 2), min_samples=min(5, len(rows)), copy=True).fit_predict(
        flat[rows]
    )
    return _by_size(labels if len(rows) == len(flat) else _join(flat, rows, labels))


def _join(flat: np.ndarray, rows: np.ndarray, fitted_labels: np.ndarray) -> np.ndarray:
    """Every row takes the group of its nearest fitted row, fitted rows their own."""
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=1).fit(flat[rows]).kneighbors(flat, return_distance=False)[:, 0]
    labels = fitted_labels[nearest]
    labels[rows] = fitted_labels
    return labels


def _by_size(labels: np.ndarray) -> np.ndarray:
    names, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    order = [index for index in np.argsort(-counts, kind="stable") if names[index] >= 0]
    renamed = np.full(len(names), -1, dtype=np.int32)
    renamed[order] = np.arange(len(order), dtype=np.int32)
    return renamed[codes]


KMEANS = Clustering(
    name="kmeans",
    title="k-means",
    summary="A set number of round groups; every example is in one.",
    paper=Paper("Lloyd", 1982, "Least squares quantization in PCM"),
    params=KMeansParams,
    cluster=cluster_kmeans,
)
HDBSCAN_CLUSTERS = Clustering(
    name="hdbscan",
    title="HDBSCAN",
    summary="As many groups as there are dense regions; the rest are in none.",
    paper=Paper("Campello, Moulavi, Sander", 2013, "Density-Based Clustering Based on Hierarchical Density Estimates"),
    params=HdbscanParams,
    cluster=cluster_hdbscan,
)
