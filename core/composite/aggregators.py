"""Ways to make one number of a row's group means (METHODS: The composite, step 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float64

from core.types.methods import Method


def median_of_groups(
    means: Float[np.ndarray, "group example"], shares: Float64[np.ndarray, " group"]
) -> Float[np.ndarray, " example"]:
    """Plain median over the groups present; a weight only decides whether a group takes part."""
    if len(means) == 0:
        return np.full(means.shape[1], np.nan)
    ordered = np.sort(means, axis=0)  # NaN last
    count = np.isfinite(means).sum(axis=0)
    columns = np.arange(means.shape[1])
    low = ordered[np.maximum((count - 1) // 2, 0), columns]
    high = ordered[np.minimum(count // 2, len(means) - 1), columns]
    return np.where(count > 0, (low + high) / 2.0, np.nan)


def any_alarm(
    means: Float[np.ndarray, "group example"], shares: Float64[np.ndarray, " group"]
) -> Float[np.ndarray, " example"]:
    """The largest group mean present: one group is enough to raise a row."""
    if len(means) == 0:
        return np.full(means.shape[1], np.nan)
    return np.fmax.reduce(means, axis=0)


def weighted_mean(
    means: Float[np.ndarray, "group example"], shares: Float64[np.ndarray, " group"]
) -> Float[np.ndarray, " example"]:
    """Mean over the groups present, each by its weight."""
    present = np.isfinite(means)
    norm = (present * shares[:, None]).sum(axis=0) if len(means) else np.zeros(means.shape[1])
    total = (np.where(present, means, 0.0) * shares[:, None]).sum(axis=0) if len(means) else norm
    return np.divide(total, norm, out=np.full(means.shape[1], np.nan), where=norm > 0)


def mean_of_quartiles(
    means: Float[np.ndarray, "group example"], shares: Float64[np.ndarray, " group"]
) -> Float[np.ndarray, " example"]:
    """Quarter, half and three quarters of the groups present, by weight, as 1 : 2 : 1 (Tukey's trimean).

    Sorted groups stand at the middles of their shares of the weight; between two of them the quantile is on a line, so
    that it never falls as its level rises.
    """
    if len(means) == 0:
        return np.full(means.shape[1], np.nan)
    means = np.where(shares[:, None] > 0, means, np.nan)
    order = np.argsort(means, axis=0)  # NaN last
    ordered = np.take_along_axis(means, order, axis=0)
    weights = np.where(np.isfinite(ordered), shares[order], 0.0)
    total = weights.sum(axis=0)
    middles = np.divide(
        weights.cumsum(axis=0) - weights / 2, total, out=np.full(weights.shape, np.inf), where=weights > 0
    )
    quartiles = [_at_level(ordered, middles, level) for level in (0.25, 0.5, 0.75)]
    return np.where(total > 0, (quartiles[0] + 2 * quartiles[1] + quartiles[2]) / 4, np.nan)


def _at_level(
    ordered: Float[np.ndarray, "group example"], middles: Float64[np.ndarray, "group example"], level: float
) -> Float[np.ndarray, " example"]:
    """The value at `level` of each column; middles: where its groups stand, infinite for those that are absent."""
    columns, last = np.arange(ordered.shape[1]), np.maximum(np.isfinite(middles).sum(axis=0) - 1, 0)
    above = (middles <= level).sum(axis=0)
    low, high = np.maximum(above - 1, 0), np.minimum(above, last)
    start, end = middles[low, columns], middles[high, columns]
    gap = np.where((high > low) & np.isfinite(end), np.minimum(end, 1.0) - np.minimum(start, 1.0), np.inf)
    part = np.where(np.isfinite(gap), level - np.minimum(start, 1.0), 0.0) / gap
    return ordered[low, columns] * (1 - part) + ordered[high, columns] * part


_OverGroups = Callable[
    [Float[np.ndarray, "group example"], Float64[np.ndarray, " group"]], Float[np.ndarray, " example"]
]


@dataclass(frozen=True, kw_only=True)
class Aggregator(Method):
    """A registered way to join the means of a row's groups of scores.

    of_ranks: each group is ranked before they are joined. linear: a weighted sum of the scores' terms, which a browser
    can follow while a weight is dragged.
    """

    join: _OverGroups = field(repr=False)
    of_ranks: bool = False
    linear: bool = False


# Order here is order everywhere; the first is the default.
AGGREGATORS: tuple[Aggregator, ...] = (
    Aggregator(
        name="mean",
        title="weighted mean of the groups",
        summary="Every group counts by its weight.",
        join=weighted_mean,
        linear=True,
    ),
    Aggregator(
        name="median",
        title="median of the groups",
        summary="One group that is wrong about a row does not move it.",
        join=median_of_groups,
    ),
    Aggregator(
        name="borda",
        title="mean of the groups' ranks (Borda)",
        summary="Only the order inside each group counts.",
        join=weighted_mean,
        of_ranks=True,
    ),
    Aggregator(
        name="quantiles",
        title="quartiles of the groups, by weight",
        summary="Between mean and median: the ends count little, and every group by its weight.",
        join=mean_of_quartiles,
    ),
    Aggregator(
        name="max",
        title="the group that alarms most",
        summary="One group is enough to raise a row.",
        join=any_alarm,
    ),
)
