"""Centers of k-means in an embedding, and each example's nearest; the order of the table plays no part."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64, Int64

from core.numerics.neighbors import first_copy, squared_distance_blocks
from core.types.progress import SilentProgress

_FIT_ROWS = 50_000  # centers of more rows differ by less than those of two starts


def cluster_count(clusters: int, points: Float[np.ndarray, "example feature"]) -> int:
    """`clusters`, or as many as there are different points: k-means needs one for each cluster."""
    return max(1, min(clusters, len(np.unique(first_copy(points)))))


def fit_centers(
    points: Float[np.ndarray, "example feature"], clusters: int, seed: int
) -> Float[np.ndarray, "cluster feature"]:
    """[clusters, d] k-means centers (k-means++ start from `seed`), from at most 50,000 evenly spaced rows."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    part = points[:: -(-len(points) // _FIT_ROWS)]
    with threadpool_limits(limits=1):  # several threads add up in any order, and a run must repeat to the bit
        return KMeans(clusters, n_init=1, random_state=seed).fit(part).cluster_centers_


def nearest_center(
    points: Float[np.ndarray, "example feature"], centers: Float[np.ndarray, "cluster feature"]
) -> Float64[np.ndarray, " example"]:
    """[N] float64 Euclidean distance to the nearest center, settled by differences."""
    centers = np.asarray(centers, dtype=np.float32)
    difference = np.asarray(points, dtype=np.float64) - centers[own_center(points, centers)]
    return np.sqrt(np.einsum("nd,nd->n", difference, difference))


def own_center(
    points: Float[np.ndarray, "example feature"], centers: Float[np.ndarray, "cluster feature"]
) -> Int64[np.ndarray, " example"]:
    """[N] int64 number of the nearest center."""
    points, centers = np.asarray(points, dtype=np.float32), np.asarray(centers, dtype=np.float32)
    own = np.empty(len(points), dtype=np.int64)
    for block, squared in squared_distance_blocks(centers, points, SilentProgress()):
        own[block] = squared.argmin(axis=1)
    return own


def own_order(
    points: Float[np.ndarray, "example feature"], rng: np.random.Generator
) -> Float[np.ndarray, "example feature"]:
    """The rows sorted along a random direction: the same sequence for any order of the table."""
    along = points.astype(np.float64) @ rng.standard_normal(points.shape[1])
    return points[np.argsort(along, kind="stable")]


def equity_weight(
    share: Float[np.ndarray, "*shape"], eta: float = 1.0, gamma: float = 5.0
) -> Float[np.ndarray, "*shape"]:
    """Loss weight of examples whose cluster has this share of all: 1 for a vanishing share, eta / (eta + 1) for all."""
    return (eta + (1.0 - share) ** gamma) / (eta + 1.0)
