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
        name="max",
        title="the group that alarms most",
        summary="One group is enough to raise a row.",
        join=any_alarm,
    ),
)
