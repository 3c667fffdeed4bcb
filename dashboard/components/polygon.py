"""Which points a drawn polygon holds."""

from __future__ import annotations

import numpy as np


def rows_in_polygon(coords: np.ndarray, polygon: np.ndarray, shown: np.ndarray | None = None) -> np.ndarray:
    """Rows of coords [N, 2] inside polygon [M, 2] (even-odd rule), int64 ascending; hidden rows are left out.

    The same arithmetic as the browser's, so that both name the same rows.
    """
    polygon = np.asarray(polygon, dtype=np.float64)
    if len(polygon) < 3:
        return np.array([], dtype=np.int64)
    x, y = coords[:, 0], coords[:, 1]
    (left, bottom), (right, top) = polygon.min(axis=0), polygon.max(axis=0)
    near = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
    if shown is not None:
        near &= shown
    rows = np.flatnonzero(near)
    return rows[_inside(x[rows].astype(np.float64), y[rows].astype(np.float64), polygon)]


def _inside(x: np.ndarray, y: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    inside = np.zeros(len(x), bool)
    for (xi, yi), (xj, yj) in zip(polygon, np.roll(polygon, 1, axis=0), strict=True):
        crosses = (yi > y) != (yj > y)
        if yi != yj:
            crosses &= x < (xj - xi) * (y - yi) / (yj - yi) + xi
        inside ^= crosses
    return inside
