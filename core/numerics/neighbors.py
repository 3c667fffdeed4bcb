"""Exact nearest neighbors and full distance orders, in blocks: never an N x N matrix.

Distances come from one float32 matrix product per block on centered points; neighbors are then settled in float64
differences, so that identical rows are at exactly 0 and ties fall to the lower row number, whatever the block size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.types.errors import CurationError
from core.types.progress import Progress, SilentProgress

_BLOCK_CELLS = 4_000_000  # cells of one float32 block: 16 MB
_SETTLE_CELLS = 4_000_000  # float64 differences settled at a time: 32 MB
_METRICS = ("euclidean", "cosine")


@dataclass(frozen=True, eq=False)
class Neighbors:
    """rows [Q, k] int32, nearest first; distances [Q, k] float32 (Euclidean, or one minus cosine)."""

    rows: np.ndarray
    distances: np.ndarray


def nearest_neighbors(
    points: np.ndarray,
    k: int,
    *,
    queries: np.ndarray | None = None,
    metric: str = "euclidean",
    progress: Progress | None = None,
    title: str = "Nearest neighbors",
) -> Neighbors:
    """The k nearest of `points` [N, d] to each query [Q, d]; without queries, to each point but itself.

    k is cut to what there is (N, or N - 1). metric: euclidean or cosine (1 - cosine; a zero vector is at 1 from all).
    Ties fall to the lower row. O(Q N d) time, O(block N) memory. Raises `CurationError` without any neighbor to find.
    """
    itself = queries is None
    points, queries = _prepared(points, points if queries is None else queries, metric)
    k = min(k, len(points) - itself)
    if k < 1:
        raise CurationError("There is no other example to be a neighbor.", "Give two or more examples.")
    rows = np.empty((len(queries), k), dtype=np.int32)
    distances = np.empty((len(queries), k), dtype=np.float32)
    for block, squared in squared_distance_blocks(points, queries, progress, title):
        if itself:
            squared[np.arange(len(squared)), np.arange(block.start, block.stop)] = np.inf
        rows[block], distances[block] = _settle(points, queries[block], squared, k)
    return Neighbors(rows, distances if metric == "euclidean" else distances**2 / 2)


def squared_distance_blocks(
    points: np.ndarray, queries: np.ndarray, progress: Progress | None = None, title: str = "Distances"
) -> Iterator[tuple[slice, np.ndarray]]:
    """(query rows, squared Euclidean distances [b, N] float32 >= 0, free to overwrite), in order of the queries.

    Give centered points: the rounding error is about 1e-6 of the largest squared norm. May raise `Cancelled`.
    """
    progress = progress or SilentProgress()
    norms = np.einsum("nd,nd->n", points, points, dtype=np.float32)
    size = max(1, min(len(queries), _BLOCK_CELLS // max(1, len(points))))
    starts = range(0, len(queries), size)
    progress.stage(title, len(starts))
    columns = np.ascontiguousarray(points.T)
    for start in starts:
        block = slice(start, min(start + size, len(queries)))
        squared = queries[block] @ columns
        squared *= -2.0
        squared += norms
        squared += np.einsum("nd,nd->n", queries[block], queries[block], dtype=np.float32)[:, None]
        np.maximum(squared, 0.0, out=squared)
        yield block, squared
        progress.advance()


def centered(points: np.ndarray, *others: np.ndarray) -> tuple[np.ndarray, ...]:
    """float32 copies moved so that `points` lie around 0: same distances, less rounding. Refuses non-finite rows.

    Each column moves by a multiple of a power of two near its deviation: whole numbers and grids stay exact, and so do
    their ties.
    """
    for array in (points, *others):
        if not np.isfinite(array).all():
            row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
            raise CurationError(f"The embedding of row {row} is not finite.", "Look at that row's input.")
    step = 2.0 ** np.floor(np.log2(np.maximum(np.std(points, axis=0, dtype=np.float64), 1e-30)))
    center = np.rint(np.mean(points, axis=0, dtype=np.float64) / step) * step
    return tuple(np.ascontiguousarray(a - center, dtype=np.float32) for a in (points, *others))


def first_copy(points: np.ndarray) -> np.ndarray:
    """[N] int64: the lowest row with the same bytes as each row."""
    flat = np.ascontiguousarray(points)
    keys = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first[inverse]


def _prepared(points: np.ndarray, queries: np.ndarray, metric: str) -> tuple[np.ndarray, np.ndarray]:
    if metric not in _METRICS:
        raise CurationError(f"metric is {metric!r}.", f"Choose one of: {', '.join(_METRICS)}.")
    same = points is queries
    if metric == "cosine":
        points, queries = _unit(points), _unit(queries)
    prepared = centered(points) if same else centered(points, queries)
    return prepared[0], prepared[-1]


def _unit(points: np.ndarray) -> np.ndarray:
    """Rows of length one in float64. On them half the squared distance is one minus the cosine."""
    points = np.asarray(points, dtype=np.float64)
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    return points / np.where(norms > 0, norms, 1.0)


def _settle(points: np.ndarray, queries: np.ndarray, squared: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """k nearest by float64 differences among all columns that rounding leaves in question."""
    kth = np.partition(squared, k - 1, axis=1)[:, k - 1]
    largest = float(np.einsum("nd,nd->n", points, points).max(initial=0.0))
    slack = (
        8 * np.finfo(np.float32).eps * (largest + np.einsum("nd,nd->n", queries, queries)) * np.sqrt(points.shape[1])
    )
    at, column = np.nonzero(squared <= (kth + slack)[:, None])
    exact = _exact(points, queries, at, column)
    order = np.lexsort((column, exact, at))
    starts = np.searchsorted(at, np.arange(len(queries)))
    chosen = order[starts[:, None] + np.arange(k)]
    return column[chosen].astype(np.int32), np.sqrt(exact[chosen]).astype(np.float32)


def _exact(points: np.ndarray, queries: np.ndarray, at: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Squared distances of the pairs (query at, point column) in float64."""
    out = np.empty(len(at))
    step = max(1, _SETTLE_CELLS // points.shape[1])
    for start in range(0, len(at), step):
        part = slice(start, start + step)
        difference = points[column[part]].astype(np.float64) - queries[at[part]]
        out[part] = np.einsum("pd,pd->p", difference, difference)
    return out
