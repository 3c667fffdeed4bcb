"""Ranks and rank correlation, once for all of `core`; `scipy.stats` has both and takes half a second to import."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Integer, Real


def average_rank(values: Real[np.ndarray, " example"]) -> Float64[np.ndarray, " example"]:
    """Ranks 1..n of the finite values, ascending; equal values share their mean rank, all others are NaN."""
    finite = np.isfinite(values)
    if finite.all():
        return _ranks_of_finite(values)
    ranks = np.full(len(values), np.nan)
    ranks[finite] = _ranks_of_finite(values[finite])
    return ranks


def _ranks_of_finite(values: Real[np.ndarray, " row"]) -> Float64[np.ndarray, " row"]:
    order = np.argsort(values)
    ascending = values[order]
    starts = np.flatnonzero(np.concatenate(([True], ascending[1:] != ascending[:-1]))) if len(values) else order
    counts = np.diff(np.append(starts, len(ascending)))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(starts + (counts + 1) / 2.0, counts)
    return ranks


def spearman(first: Real[np.ndarray, " example"], second: Real[np.ndarray, " example"]) -> float:
    """Rank correlation over the rows finite in both, -1..1; 0.0 when either is constant there."""
    both = np.isfinite(first) & np.isfinite(second)
    return pearson(average_rank(first[both]), average_rank(second[both]))


def pearson(first: Real[np.ndarray, " row"], second: Real[np.ndarray, " row"]) -> float:
    """Correlation of two columns of finite numbers, -1..1; 0.0 when either is constant."""
    if len(first) < 2 or first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def inverse_order(order: Integer[np.ndarray, " place"]) -> Integer[np.ndarray, " place"]:
    """The place of each row in an order of all rows, counted from 1; int64."""
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    return rank
