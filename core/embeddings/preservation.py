"""How far a map tells the truth: which of a point's nearest neighbors in the full space are its nearest on the map."""

from __future__ import annotations

import numpy as np

_BLOCK = 65_536  # rows compared at a time: k x k comparisons each


def neighbors_kept(coords: np.ndarray, neighbors: np.ndarray) -> np.ndarray:
    """float32 [N] in 0..1: share of the k nearest neighbors in the full space that are among the k nearest on the map.

    coords: [N, 2] positions; neighbors: int [N, k] row numbers of the full space, -1 = none. A low value is the
    suspicious end: what stands beside the point there is not like it. NaN where a row has no position or no neighbors.
    On a map without order it is k / (N - 1) on average. The mean over rows is the neighborhood preservation of Venna &
    Kaski 2006 (k fixed); of points at the same place the map's neighbors are any k of them.
    """
    out = np.full(len(coords), np.nan, np.float32)
    placed = np.flatnonzero(np.isfinite(coords).all(axis=1))
    if len(placed) < 2 or neighbors.shape[1] == 0:
        return out
    from scipy.spatial import cKDTree

    tree = cKDTree(np.asarray(coords, np.float64)[placed])
    count = min(neighbors.shape[1], len(placed) - 1)
    for start in range(0, len(placed), _BLOCK):
        rows = placed[start : start + _BLOCK]
        near = placed[tree.query(tree.data[start : start + _BLOCK], count + 1)[1]]
        out[rows] = _shared(_others(near, rows), np.asarray(neighbors[rows, :count]))
    return out


def _others(near: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """[b, k] of [b, k + 1]: the row itself taken out, or, where many lie at its place, the last one."""
    itself = near == rows[:, None]
    itself[~itself.any(axis=1), -1] = True
    return near[~itself].reshape(len(rows), -1)


def _shared(near: np.ndarray, true: np.ndarray) -> np.ndarray:
    there = (true[:, :, None] == near[:, None, :]).any(axis=2)
    known = (true >= 0).sum(axis=1)
    return np.divide(there.sum(axis=1), known, out=np.full(len(true), np.nan), where=known > 0).astype(np.float32)
