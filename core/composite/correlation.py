"""Do two scores order the rows alike: rank correlation of many scores at once, and what their first rows share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64, Integer

from core.types.comparisons import RankCorrelation, TopOverlap
from core.types.ranks import average_rank

_MOST_ROWS = 1_000_000  # beyond it rows are drawn: a correlation then has a standard error of about 0.001
_MOST_CACHED = 32  # of 8 bytes a row: many scores with holes of their own must not fill the memory


def rank_correlation(
    columns: Mapping[str, Float[np.ndarray, " example"]], most: int = _MOST_ROWS, seed: int = 0
) -> RankCorrelation:
    """Spearman between every two scores over the rows that both have; ties share their mean rank.

    Exact up to `most` rows, else over that many drawn without replacement. Raises nothing: a pair that cannot be
    compared is NaN. Each score is sorted once per kind of row set, not once per pair.
    """
    names, total = tuple(columns), len(next(iter(columns.values()), ()))
    values = [np.asarray(column) for column in columns.values()]
    if total > most:
        drawn = np.sort(np.random.default_rng(seed).choice(total, most, replace=False))
        values = [column[drawn] for column in values]
    present = [np.isfinite(column) for column in values]
    ranks = _SharedRanks(values)
    matrix = np.full((len(names), len(names)), np.nan)
    rows = np.zeros(matrix.shape, np.int64)
    for a in range(len(names)):
        for b in range(a + 1):
            both = present[a] & present[b]
            rows[a, b] = rows[b, a] = int(both.sum())
            matrix[a, b] = matrix[b, a] = ranks.correlation(a, b, both)
    return RankCorrelation(names, matrix, rows, min(total, most), total)


class _SharedRanks:
    """Standardised ranks of a score within a set of rows, cached: few sets differ when most scores are complete."""

    def __init__(self, values: Sequence[Float[np.ndarray, " example"]]) -> None:
        self._values = values
        self._cache: dict[tuple[int, bytes], np.ndarray] = {}

    def correlation(self, a: int, b: int, both: Bool[np.ndarray, " example"]) -> float:
        """Of scores number a and b over the rows of `both`; NaN where it is not defined."""
        key = np.packbits(both).tobytes()
        left, right = self._ranks(a, both, key), self._ranks(b, both, key)
        if len(left) < 2 or not left.any() or not right.any():
            return float("nan")
        return 1.0 if a == b else float(np.clip(np.dot(left, right), -1.0, 1.0))

    def _ranks(self, k: int, both: Bool[np.ndarray, " example"], key: bytes) -> Float64[np.ndarray, " row"]:
        if (k, key) not in self._cache:
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            centred = average_rank(self._values[k][both])
            centred -= (len(centred) + 1) / 2.0
            length = np.sqrt(np.dot(centred, centred))
            self._cache[k, key] = centred / length if length > 0 else centred
        return self._cache[k, key]


def top_overlap(
    a: Float[np.ndarray, " example"],
    b: Float[np.ndarray, " example"],
    tie_rank: Integer[np.ndarray, " example"],
    fractions: Sequence[float] = (0.01, 0.05, 0.10),
) -> tuple[TopOverlap, ...]:
    """How many of the highest rows two scores share, at several fractions of the rows that both have.

    a, b: high = first; NaN rows are left out of both. tie_rank: integers that break ties the same way in both.
    """
    rows = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
    place = [_places(np.asarray(column)[rows], np.asarray(tie_rank)[rows]) for column in (a, b)]
    overlaps = []
    for fraction in fractions:
        count = min(len(rows), max(1, round(fraction * len(rows))))
        both = rows[(place[0] < count) & (place[1] < count)]
        overlaps.append(TopOverlap(fraction, count, len(both), both))
    return tuple(overlaps)


def _places(values: Float[np.ndarray, " row"], tie_rank: Integer[np.ndarray, " row"]) -> Int64[np.ndarray, " row"]:
    order = np.lexsort((tie_rank, -values.astype(np.float64)))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place
