"""How a budget is shared among groups of limited size."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64, Integer


def smallest_first(sizes: Integer[np.ndarray, " group"], budget: int) -> Int64[np.ndarray, " group"]:
    """Rows per group: groups by ascending size take min(size, remaining // remaining groups) (CCS, Zheng 2023).

    Sums to min(budget, sizes.sum()): what small groups cannot use goes to the larger ones.
    """
    rows = np.zeros(len(sizes), np.int64)
    remaining = min(int(budget), int(np.sum(sizes)))
    order = np.argsort(sizes, kind="stable")
    for place, group in enumerate(order):
        rows[group] = min(int(sizes[group]), remaining // (len(order) - place))
        remaining -= int(rows[group])
    return rows


def proportional(sizes: Integer[np.ndarray, " group"], budget: int) -> Int64[np.ndarray, " group"]:
    """Rows per group in proportion to its size, largest remainders first; sums to min(budget, sizes.sum())."""
    total = int(np.sum(sizes))
    budget = min(int(budget), total)
    if total == 0:
        return np.zeros(len(sizes), np.int64)
    exact = np.asarray(sizes, float) * budget / total
    rows = np.floor(exact + 1e-9).astype(np.int64)
    rest = np.argsort(-(exact - rows), kind="stable")[: budget - int(rows.sum())]
    rows[rest] += 1
    return rows


def draw(
    chance: Float64[np.ndarray, " row"], group: Integer[np.ndarray, " row"], quota: Integer[np.ndarray, " group"]
) -> Integer[np.ndarray, " drawn"]:
    """Positions of `quota[g]` members of each group g: those with the smallest `chance`."""
    order = np.lexsort((chance, group))
    sizes = np.bincount(group, minlength=len(quota))
    place = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[group[order]]
    return order[place < quota[group[order]]]
