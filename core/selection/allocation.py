"""How a budget is shared among groups of limited size."""

from __future__ import annotations

import numpy as np


def smallest_first(sizes: np.ndarray, budget: int) -> np.ndarray:
    """[G] rows per group: groups by ascending size take min(size, remaining // remaining groups) (CCS, Zheng 2023).

    Sums to min(budget, sizes.sum()): what small groups cannot use goes to the larger ones.
    """
    given = np.zeros(len(sizes), np.int64)
    remaining = min(int(budget), int(np.sum(sizes)))
    order = np.argsort(sizes, kind="stable")
    for place, group in enumerate(order):
        given[group] = min(int(sizes[group]), remaining // (len(order) - place))
        remaining -= int(given[group])
    return given


def proportional(sizes: np.ndarray, budget: int) -> np.ndarray:
    """[G] rows per group in proportion to its size, largest remainders first; sums to min(budget, sizes.sum())."""
    total = int(np.sum(sizes))
    budget = min(int(budget), total)
    if total == 0:
        return np.zeros(len(sizes), np.int64)
    exact = np.asarray(sizes, float) * budget / total
    given = np.floor(exact + 1e-9).astype(np.int64)
    rest = np.argsort(-(exact - given), kind="stable")[: budget - int(given.sum())]
    given[rest] += 1
    return given


def draw(chance: np.ndarray, group: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Positions of `wanted[g]` members of each group g: those with the smallest `chance`."""
    order = np.lexsort((chance, group))
    sizes = np.bincount(group, minlength=len(wanted))
    place = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[group[order]]
    return order[place < wanted[group[order]]]
