"""Exact nearest neighbors and full distance orders, in blocks: never an N x N matrix.

Distances come from one float32 matrix product per block on centered points; neighbors are then settled in float64
differences, so that identical rows are at exactly 0 and ties fall to the lower row number, whatever the block size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64, Int32, Int64, Integer, Real, Shaped

from core.types.errors import CurationError
from core.types.progress import Progress, SilentProgress

_BLOCK_CELLS = 8_000_000  # cells of one float32 block: 32 MB
_SETTLE_CELLS = 4_000_000  # float64 differences settled at a time: 32 MB
_CACHE_CELLS = 65_536  # cells finished at a time: they stay in the cache between the steps
_METRICS = ("euclidean", "cosine")


@dataclass(frozen=True, eq=False)
class Neighbors:
    """rows [Q, k] int32, nearest first; distances [Q, k] float32 (Euclidean, or one minus cosine)."""

    rows: Int32[np.ndarray, "query neighbor"]
    distances: Float32[np.ndarray, "query neighbor"]


def nearest_neighbors(
    points: Real[np.ndarray, "point feature"],
    k: int,
    *,
    queries: Real[np.ndarray, "query feature"] | None = None,
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
    points: Float[np.ndarray, "point feature"],
    queries: Float[np.ndarray, "query feature"],
    progress: Progress | None = None,
    title: str = "Distances",
) -> Iterator[tuple[slice, Float32[np.ndarray, "block point"]]]:
    """(query rows, squared Euclidean distances [b, N] float32 >= 0), in order of the queries.

    The distances may be overwritten; the next block takes their place. Give centered points. May raise `Cancelled`.
    """
    progress = progress or SilentProgress()
    size = max(1, min(len(queries), _BLOCK_CELLS // max(1, len(points))))
    starts = range(0, len(queries), size)
    progress.stage(title, len(starts))
    distances, room = SquaredDistances(points), np.empty((size, len(points)), np.float32)
    for start in starts:
        block = slice(start, min(start + size, len(queries)))
        yield block, distances.to(queries[block], room)
        progress.advance()


class SquaredDistances:
    """Squared Euclidean distances of queries [b, d] to centered `points` [N, d], from one float32 product; the rounding
    error is about 1e-6 of the largest squared norm.
    """

    def __init__(self, points: Float[np.ndarray, "point feature"]):
        self._columns = np.ascontiguousarray(points.T)
        self._norms = np.einsum("nd,nd->n", points, points, dtype=np.float32)

    def to(
        self, queries: Float[np.ndarray, "block feature"], room: Float32[np.ndarray, "room point"]
    ) -> Float32[np.ndarray, "block point"]:
        """[b, N] float32 >= 0 (no -0.0), written into `room` [b or more, N]."""
        squared = np.matmul(-2.0 * queries, self._columns, out=room[: len(queries)])
        own = np.einsum("nd,nd->n", queries, queries, dtype=np.float32)
        step = max(1, _CACHE_CELLS // max(1, len(self._norms)))
        for row in range(0, len(squared), step):
            part = squared[row : row + step]
            part += self._norms
            part += own[row : row + step, None]  # own >= 0, so that no sum is -0.0
            np.maximum(part, 0.0, out=part)
        return squared


class RowOrder:
    """Orders one row of N distances after another, in buffers that stay in the cache: `order = RowOrder(N)(row)`."""

    def __init__(self, count: int):
        self._columns = np.arange(count)
        self._keys = np.empty(count, np.int64)  # numpy sorts them in two thirds of the time of unsigned ones

    def __call__(self, squared: Float32[np.ndarray, " point"]) -> Integer[np.ndarray, " point"]:
        """[N] int64 argsort of `squared` [N] float32 >= 0 (no -0.0), ties by column; the next call overwrites it.

        Such numbers sort as their bits do; the column is in the low half of the key.
        """
        keys = self._keys
        keys[:] = squared.view(np.uint32)
        np.left_shift(keys, 32, out=keys)
        np.bitwise_or(keys, self._columns, out=keys)
        keys.sort()
        return np.bitwise_and(keys, 0xFFFFFFFF, out=keys)


def thread_count() -> int:
    """How many threads a matrix product takes here; work of our own takes as many."""
    from threadpoolctl import threadpool_info

    return max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=1)


def centered(
    points: Real[np.ndarray, "_ feature"], *others: Real[np.ndarray, "_ feature"]
) -> tuple[Float32[np.ndarray, "_ feature"], ...]:
    """float32 copies moved so that `points` lie around 0: same distances, less rounding.

    Each column moves by a multiple of a power of two near its deviation: whole numbers and grids stay exact, and so do
    their ties. Raises `CurationError` for rows that are not finite.
    """
    for array in (points, *others):
        if not np.isfinite(array).all():
            row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
            raise CurationError(f"The embedding of row {row} is not finite.", "Look at that row's input.")
    mean, deviation = _moments(points)
    step = 2.0 ** np.floor(np.log2(np.maximum(deviation, 1e-30)))
    center = np.rint(mean / step) * step
    return tuple(
        np.subtract(a, center, out=np.empty(np.shape(a), np.float32), casting="same_kind") for a in (points, *others)
    )


def _moments(
    points: Real[np.ndarray, "point feature"],
) -> tuple[Float64[np.ndarray, " feature"], Float64[np.ndarray, " feature"]]:
    """(mean, standard deviation) [d] float64 of each column, without a float64 copy of the points."""
    step = max(1, _CACHE_CELLS // max(1, points.shape[1]))
    parts = [points[start : start + step] for start in range(0, len(points), step)]
    mean = sum(part.sum(axis=0, dtype=np.float64) for part in parts) / len(points)
    moved = (part - mean for part in parts)
    return mean, np.sqrt(sum(np.einsum("nd,nd->d", part, part) for part in moved) / len(points))


def first_copy(points: Shaped[np.ndarray, "point ..."]) -> Int64[np.ndarray, " point"]:
    """[N] int64: the lowest row with the same bytes as each row."""
    flat = np.ascontiguousarray(points)
    suspects = _sharing_a_sum(flat)
    keys = flat[suspects].view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    out = np.arange(len(flat))
    out[suspects] = suspects[first[inverse]]
    return out


def _sharing_a_sum(flat: Shaped[np.ndarray, "point byte"]) -> Integer[np.ndarray, " shared"]:
    """Rows whose weighted sum of bytes, in whole numbers, another row has too: all copies, and hardly any others."""
    words = flat.view(np.uint8 if flat.dtype.itemsize % 4 else np.uint32).reshape(len(flat), -1)
    weights = np.random.default_rng(0).integers(1, 2**63, words.shape[1], dtype=np.uint64)
    sums = np.zeros(len(flat), np.uint64)
    for column, weight in enumerate(weights):
        sums += words[:, column] * weight
    order = np.argsort(sums, kind="stable")
    equal = sums[order][1:] == sums[order][:-1]
    shared = np.zeros(len(flat), bool)
    shared[order[1:][equal]] = shared[order[:-1][equal]] = True
    return np.flatnonzero(shared)


def _prepared(
    points: Real[np.ndarray, "point feature"], queries: Real[np.ndarray, "query feature"], metric: str
) -> tuple[Float[np.ndarray, "point feature"], Float[np.ndarray, "query feature"]]:
    if metric not in _METRICS:
        raise CurationError(f"metric is {metric!r}.", f"Choose one of: {', '.join(_METRICS)}.")
    same = points is queries
    if metric == "cosine":
        points, queries = _unit(points), _unit(queries)
    prepared = centered(points) if same else centered(points, queries)
    return prepared[0], prepared[-1]


def _unit(points: Real[np.ndarray, "point feature"]) -> Float64[np.ndarray, "point feature"]:
    """Rows of length one in float64. On them half the squared distance is one minus the cosine."""
    points = np.asarray(points, dtype=np.float64)
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    return points / np.where(norms > 0, norms, 1.0)


def _settle(
    points: Float[np.ndarray, "point feature"],
    queries: Float[np.ndarray, "query feature"],
    squared: Float32[np.ndarray, "query point"],
    k: int,
) -> tuple[Integer[np.ndarray, "query neighbor"], Float[np.ndarray, "query neighbor"]]:
    """k nearest by float64 differences among all columns that rounding leaves in question."""
    largest = float(np.einsum("nd,nd->n", points, points).max(initial=0.0))
    slack = (
        8 * np.finfo(np.float32).eps * (largest + np.einsum("nd,nd->n", queries, queries)) * np.sqrt(points.shape[1])
    )
    at, column = _in_question(squared, slack, k)
    exact = _exact(points, queries, at, column)
    order = np.lexsort((column, exact, at))
    starts = np.searchsorted(at, np.arange(len(queries)))
    chosen = order[starts[:, None] + np.arange(k)]
    return column[chosen].astype(np.int32), np.sqrt(exact[chosen]).astype(np.float32)


def _in_question(
    squared: Float32[np.ndarray, "query point"], slack: Float[np.ndarray, " ..."], k: int
) -> tuple[Integer[np.ndarray, " pair"], Integer[np.ndarray, " pair"]]:
    """(query, column) of every distance up to `slack` above its query's k-th smallest, query by query."""
    width, candidates = squared.shape[1], []
    step = max(1, _CACHE_CELLS // width)
    for start in range(0, len(squared), step):
        part = squared[start : start + step]
        most = np.partition(part, k - 1, axis=1)[:, k - 1] + slack[start : start + step]
        most = np.nextafter(most.astype(np.float32), np.float32(np.inf))  # float32 compares faster; none is lost
        candidates.append(np.flatnonzero(part <= most[:, None]) + start * width)
    at, column = np.divmod(np.concatenate(candidates), width)
    return at, column


def _exact(
    points: Float[np.ndarray, "point feature"],
    queries: Float[np.ndarray, "query feature"],
    at: Integer[np.ndarray, " pair"],
    column: Integer[np.ndarray, " pair"],
) -> Float64[np.ndarray, " pair"]:
    """Squared distances of the pairs (query at, point column) in float64."""
    out = np.empty(len(at))
    step = max(1, _SETTLE_CELLS // points.shape[1])
    for start in range(0, len(at), step):
        part = slice(start, start + step)
        difference = points[column[part]].astype(np.float64) - queries[at[part]]
        out[part] = np.einsum("pd,pd->p", difference, difference)
    return out
