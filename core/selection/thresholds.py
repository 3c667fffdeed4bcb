"""One threshold on one column: which rows lie on its drop side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types.curation import Threshold
from core.types.errors import RulesError

from .ordering import smallest


@dataclass(frozen=True, eq=False)
class Cut:
    """rows: positions among the eligible ones to drop; value: the cut in the column's unit (NaN if nothing to cut)."""

    rows: np.ndarray
    value: np.float32


def check_threshold(threshold: Threshold) -> None:
    """Raise `RulesError` for a kind, side or number that makes no sense."""
    t = threshold
    if t.kind not in ("value", "percentile", "count"):
        raise RulesError(f"The threshold on {t.score} has the kind {t.kind!r}.", "Use value, percentile or count.")
    if t.drop not in ("above", "below"):
        raise RulesError(f"The threshold on {t.score} drops {t.drop!r}.", "Use above or below.")
    if not np.isfinite(t.cut):
        raise RulesError(f"The threshold on {t.score} is {t.cut}.", "Give a finite number.")
    if t.kind == "percentile" and not 0 <= t.cut <= 100:
        raise RulesError(f"The percentile on {t.score} is {t.cut}.", "Give a percentile from 0 to 100.")
    if t.kind == "count" and (t.cut < 0 or t.cut != int(t.cut)):
        raise RulesError(f"The count on {t.score} is {t.cut}.", "Give a whole number of rows, 0 or more.")


def apply_threshold(threshold: Threshold, values: np.ndarray, id_rank: np.ndarray) -> Cut:
    """Rows beyond the cut among the finite `values` [n] (eligible rows only).

    value: strictly beyond. percentile: strictly beyond the value that leaves `cut` % of the rows at or below it
    (above) or under it (below), so that equal values share their fate. count: exactly so many, ties broken by id.
    """
    check_threshold(threshold)
    column = np.asarray(values, np.float32)
    sound = np.isfinite(column)
    if not sound.all():
        finite = np.flatnonzero(sound)
        cut = _cut(threshold, column[finite], id_rank[finite]) if len(finite) else Cut(finite, np.float32("nan"))
        return Cut(finite[cut.rows], cut.value)
    return _cut(threshold, column, id_rank) if len(column) else Cut(np.empty(0, np.intp), np.float32("nan"))


def _cut(threshold: Threshold, column: np.ndarray, id_rank: np.ndarray) -> Cut:
    if threshold.kind == "count":
        return _by_count(threshold, column, id_rank)
    cut = np.float32(threshold.cut) if threshold.kind == "value" else _percentile(column, threshold)
    beyond = column > cut if threshold.drop == "above" else column < cut
    return Cut(np.flatnonzero(beyond), cut)


def _percentile(column: np.ndarray, threshold: Threshold) -> np.float32:
    n, share = len(column), threshold.cut / 100.0 * len(column)
    if threshold.drop == "above":
        k = int(np.ceil(share - 1e-9)) - 1  # a hair's breadth against 0.3 * 10 = 3.0000000000000004
        return np.float32(-np.inf) if k < 0 else np.partition(column, k)[k]
    k = int(np.floor(share + 1e-9))
    return np.float32(np.inf) if k >= n else np.partition(column, k)[k]


def _by_count(threshold: Threshold, column: np.ndarray, id_rank: np.ndarray) -> Cut:
    count = min(int(threshold.cut), len(column))
    signed = -column if threshold.drop == "above" else column
    chosen = smallest(signed, id_rank, count)
    dropped = np.zeros(len(column), bool)
    dropped[chosen] = True
    return Cut(chosen, _between(column, dropped, threshold.drop))


def _between(column: np.ndarray, dropped: np.ndarray, side: str) -> np.float32:
    """Halfway between the last row dropped and the first one kept; beyond the end when all or none is dropped."""
    gone, stay = column[dropped], column[~dropped]
    if side == "above":
        low = stay.max() if len(stay) else gone.min()
        high = gone.min() if len(gone) else stay.max()
    else:
        low = gone.max() if len(gone) else stay.min()
        high = stay.min() if len(stay) else gone.max()
    return np.float32((float(low) + float(high)) / 2.0)
