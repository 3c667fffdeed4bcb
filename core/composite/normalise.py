"""Scores of any unit made comparable: centred at 0, before orientation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Integer

from core.types.errors import RulesError
from core.types.methods import Method
from core.types.ranks import average_rank
from core.types.registry import find

_SMALLEST_CLASS = 10  # below this a class has no usable distribution of its own


def normalise(
    values: Float[np.ndarray, " example"],
    how: str = "rank",
    labels: Integer[np.ndarray, " example"] | None = None,
    reference: Bool[np.ndarray, " example"] | None = None,
) -> Float32[np.ndarray, " example"]:
    """Values centred at 0, without a unit; NaN stays NaN.

    how: `rank` u - 0.5 with u = (average rank - 0.5) / n; `probit` the normal quantile of u; `robust_z` distance from
    the median in units of 1.4826 MAD (IQR / 1.349 if that is 0, else all 0), clipped to -5..5.
    labels: transforms inside each class with at least 10 reference rows; smaller ones and -1 use the whole.
    reference: rows that make up the distribution; the others are placed in it. `RulesError` for an unknown transform.
    """
    place = find(how, TRANSFORMS, "transform", RulesError).place
    values = np.asarray(values)
    finite = np.isfinite(values)
    counted = finite if reference is None else finite & reference
    out = np.full(len(values), np.nan, np.float32)
    for rows, base in _blocks(finite, counted, labels):
        out[rows] = place(values, rows, base) if len(base) else np.nan
    return out


def _blocks(
    finite: Bool[np.ndarray, " example"],
    counted: Bool[np.ndarray, " example"],
    labels: Integer[np.ndarray, " example"] | None,
) -> Iterator[tuple[Integer[np.ndarray, " row"], Integer[np.ndarray, " base"]]]:
    """(rows to place, rows of the distribution that they are placed in), a class at a time."""
    if labels is None:
        yield np.flatnonzero(finite), np.flatnonzero(counted)
        return
    sizes = np.bincount(labels[counted & (labels >= 0)], minlength=1)
    large = np.flatnonzero(sizes >= _SMALLEST_CLASS)
    for c in large:
        yield np.flatnonzero(finite & (labels == c)), np.flatnonzero(counted & (labels == c))
    rest = finite & ~np.isin(labels, large)
    if rest.any():
        yield np.flatnonzero(rest), np.flatnonzero(counted)


def by_rank(
    values: Float[np.ndarray, " example"], rows: Integer[np.ndarray, " row"], base: Integer[np.ndarray, " base"]
) -> Float[np.ndarray, " row"]:
    """Place among the rows of the distribution, -0.5 to 0.5."""
    return _uniform(values, rows, base) - 0.5


def by_quantile(
    values: Float[np.ndarray, " example"], rows: Integer[np.ndarray, " row"], base: Integer[np.ndarray, " base"]
) -> Float[np.ndarray, " row"]:
    """The normal quantile of that place."""
    from scipy.special import ndtri

    inside = 0.5 / len(base)  # a row outside the reference may lie beyond all of it
    return ndtri(np.clip(_uniform(values, rows, base), inside, 1.0 - inside))


def by_deviation(
    values: Float[np.ndarray, " example"], rows: Integer[np.ndarray, " row"], base: Integer[np.ndarray, " base"]
) -> Float[np.ndarray, " row"]:
    """Distance from the median in units of the robust spread, -5 to 5."""
    return _robust_z(values[rows].astype(np.float64), values[base].astype(np.float64))


def _uniform(
    values: Float[np.ndarray, " example"], rows: Integer[np.ndarray, " row"], base: Integer[np.ndarray, " base"]
) -> Float[np.ndarray, " row"]:
    return _ranks(values, base) if np.array_equal(rows, base) else _positions(values, rows, base)


def _ranks(values: Float[np.ndarray, " example"], base: Integer[np.ndarray, " base"]) -> Float64[np.ndarray, " base"]:
    """(average rank - 0.5) / n of `values[base]`, in the order of `base`."""
    return (average_rank(values[base]) - 0.5) / len(base)


def _positions(
    values: Float[np.ndarray, " example"], rows: Integer[np.ndarray, " row"], base: Integer[np.ndarray, " base"]
) -> Float64[np.ndarray, " row"]:
    """The same formula for rows that may lie outside `base`: (rows below + half the equal ones) / n."""
    u = np.full(len(values), np.nan)
    u[base] = _ranks(values, base)
    others = rows[np.isnan(u[rows])]
    ordered = np.sort(values[base])
    below = np.searchsorted(ordered, values[others], "left")
    up_to = np.searchsorted(ordered, values[others], "right")
    u[others] = (below + up_to) / (2.0 * len(base))
    return u[rows]


def _robust_z(values: Float64[np.ndarray, " row"], base: Float64[np.ndarray, " base"]) -> Float64[np.ndarray, " row"]:
    middle = np.median(base)
    scale = 1.4826 * np.median(np.abs(base - middle))
    if scale == 0:
        scale = float(np.subtract(*np.percentile(base, [75, 25]))) / 1.349
    if scale == 0:
        return np.zeros(len(values))
    return np.clip((values - middle) / scale, -5.0, 5.0)


_Place = Callable[
    [Float[np.ndarray, " example"], Integer[np.ndarray, " row"], Integer[np.ndarray, " base"]],
    Float[np.ndarray, " row"],
]


@dataclass(frozen=True, kw_only=True)
class Transform(Method):
    """A registered way to make scores comparable.

    place(values, rows to place, rows of the distribution): where those rows lie in it; it has one row at least.
    """

    place: _Place = field(repr=False)


# Order here is order everywhere; the first is the default.
TRANSFORMS: tuple[Transform, ...] = (
    Transform(name="rank", title="by rank", summary="Only the order counts.", place=by_rank),
    Transform(
        name="probit",
        title="by normal quantile of the rank (tails count more)",
        summary="Only the order counts, and its ends count more.",
        place=by_quantile,
    ),
    Transform(
        name="robust_z",
        title="by distance from the median (robust z)",
        summary="Distances count, up to five robust deviations.",
        place=by_deviation,
    ),
)
