"""One threshold on one column: which rows lie on its drop side."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Integer, UInt32

from core.types.curation import CutKind, Side, Threshold
from core.types.errors import RulesError

from .ordering import smallest


@dataclass(frozen=True, eq=False)
class Cut:
    """rows: positions among the eligible ones to drop; value: the cut in the column's unit (NaN if nothing to cut)."""

    rows: Integer[np.ndarray, " dropped"]
    value: np.float32


def check_threshold(threshold: Threshold) -> None:
    """Raise `RulesError` for a number that makes no sense."""
    t = threshold
    if not np.isfinite(t.cut):
        raise RulesError(f"The threshold on {t.score} is {t.cut}.", "Give a finite number.")
    if t.kind is CutKind.PERCENTILE and not 0 <= t.cut <= 100:
        raise RulesError(f"The percentile on {t.score} is {t.cut}.", "Give a percentile from 0 to 100.")
    if t.kind is CutKind.COUNT and (t.cut < 0 or t.cut != int(t.cut)):
        raise RulesError(f"The count on {t.score} is {t.cut}.", "Give a whole number of rows, 0 or more.")


def apply_threshold(
    threshold: Threshold, values: Float[np.ndarray, " row"], id_rank: UInt32[np.ndarray, " row"]
) -> Cut:
    """Rows beyond the cut among the finite `values` (eligible rows only).

    value: strictly beyond. percentile: strictly beyond the value that leaves `cut` % of the rows at or below it
    (above) or under it (below), so that equal values share their fate. count: exactly so many, ties broken by id.
    """
    check_threshold(threshold)
    column = np.asarray(values, np.float32)
    present = np.isfinite(column)
    if not present.all():
        finite = np.flatnonzero(present)
        cut = _cut(threshold, column[finite], id_rank[finite]) if len(finite) else Cut(finite, np.float32("nan"))
        return Cut(finite[cut.rows], cut.value)
    return _cut(threshold, column, id_rank) if len(column) else Cut(np.empty(0, np.intp), np.float32("nan"))


def apply_in_order(
    threshold: Threshold, values: Float[np.ndarray, " example"], order: Integer[np.ndarray, " row"]
) -> Cut:
    """What `apply_threshold` finds, read off an order: no sorting, and only the ends of the column are looked at.

    order: the eligible rows with a value, the `drop` side first, ties by id. `Cut.rows` are
    entries of `order`.
    """
    check_threshold(threshold)
    if not len(order):
        return Cut(order, np.float32("nan"))
    if threshold.kind is CutKind.COUNT:
        count = min(int(threshold.cut), len(order))
        last, first = values[order[max(count - 1, 0)]], values[order[min(count, len(order) - 1)]]
        return Cut(order[:count], np.float32((float(last) + float(first)) / 2.0))
    above = threshold.drop is Side.ABOVE
    at_value = threshold.kind is CutKind.VALUE
    cut = np.float32(threshold.cut) if at_value else _percentile_in_order(threshold, values, order)
    beyond = bisect_left(order, True, key=lambda row: bool(values[row] <= cut if above else values[row] >= cut))
    return Cut(order[:beyond], cut)


def _percentile_in_order(
    threshold: Threshold, values: Float[np.ndarray, " example"], order: Integer[np.ndarray, " row"]
) -> np.float32:
    above = threshold.drop is Side.ABOVE
    place = _place(threshold, len(order))
    if not 0 <= place < len(order):
        return np.float32(-np.inf if above else np.inf)
    return np.float32(values[order[len(order) - 1 - place if above else place]])


def _cut(threshold: Threshold, column: Float32[np.ndarray, " row"], id_rank: UInt32[np.ndarray, " row"]) -> Cut:
    if threshold.kind is CutKind.COUNT:
        return _by_count(threshold, column, id_rank)
    cut = np.float32(threshold.cut) if threshold.kind is CutKind.VALUE else _percentile(column, threshold)
    beyond = column > cut if threshold.drop is Side.ABOVE else column < cut
    return Cut(np.flatnonzero(beyond), cut)


def _percentile(column: Float32[np.ndarray, " row"], threshold: Threshold) -> np.float32:
    place = _place(threshold, len(column))
    if not 0 <= place < len(column):
        return np.float32(-np.inf if threshold.drop is Side.ABOVE else np.inf)
    return np.partition(column, place)[place]


def _place(threshold: Threshold, n: int) -> int:
    """Where the percentile stands among n ascending values; outside of them when it drops all."""
    share = threshold.cut / 100.0 * n
    if threshold.drop is Side.ABOVE:
        return int(np.ceil(share - 1e-9)) - 1  # a hair's breadth against 0.3 * 10 = 3.0000000000000004
    return int(np.floor(share + 1e-9))


def _by_count(threshold: Threshold, column: Float32[np.ndarray, " row"], id_rank: UInt32[np.ndarray, " row"]) -> Cut:
    count = min(int(threshold.cut), len(column))
    signed = -column if threshold.drop is Side.ABOVE else column
    chosen = smallest(signed, id_rank, count)
    dropped = np.zeros(len(column), bool)
    dropped[chosen] = True
    return Cut(chosen, _between(column, dropped, threshold.drop))


def _between(column: Float32[np.ndarray, " row"], dropped: Bool[np.ndarray, " row"], side: str) -> np.float32:
    """Halfway between the last row dropped and the first one kept; beyond the end when all or none is dropped."""
    gone, stay = column[dropped], column[~dropped]
    if side == "above":
        low = stay.max() if len(stay) else gone.min()
        high = gone.min() if len(gone) else stay.max()
    else:
        low = gone.max() if len(gone) else stay.min()
        high = stay.min() if len(stay) else gone.max()
    return np.float32((float(low) + float(high)) / 2.0)
