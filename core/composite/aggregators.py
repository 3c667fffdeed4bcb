"""Ways to make one number of a row's group means, besides the weighted mean."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Float64


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
    """Mean over the groups present; the last step of Borda, whose groups were ranked before."""
    present = np.isfinite(means)
    norm = (present * shares[:, None]).sum(axis=0) if len(means) else np.zeros(means.shape[1])
    total = (np.where(present, means, 0.0) * shares[:, None]).sum(axis=0) if len(means) else norm
    return np.divide(total, norm, out=np.full(means.shape[1], np.nan), where=norm > 0)


_OverGroups = Callable[
    [Float[np.ndarray, "group example"], Float64[np.ndarray, " group"]], Float[np.ndarray, " example"]
]
AGGREGATORS: dict[str, _OverGroups] = {
    "median": median_of_groups,
    "borda": weighted_mean,
    "max": any_alarm,
}
