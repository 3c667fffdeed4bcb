"""Scores, zones, clusters, branches and weights, each beside its like."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .curation import Zone

REGIONS = ("easy to learn", "ambiguous", "hard to learn")  # of the data map, in the order of their codes


@dataclass(frozen=True, eq=False)
class RankCorrelation:
    """matrix: [m, m] Spearman correlation, NaN where fewer than two rows are shared or one score is constant there.

    rows: [m, m] int64 rows that both scores have, among those looked at. sampled: how many of `total` were looked at.
    """

    names: tuple[str, ...]
    matrix: np.ndarray
    rows: np.ndarray
    sampled: int
    total: int


@dataclass(frozen=True)
class TopOverlap:
    """The first `count` rows of two scores, `shared` of them in both lists; by chance `share` is `fraction`.

    rows: int64, ascending, those in both lists.
    """

    fraction: float
    count: int
    shared: int
    rows: np.ndarray = field(default_factory=lambda: np.array([], np.int64), compare=False, repr=False)

    @property
    def share(self) -> float:
        """Part of the first rows of one score that the other one has among its first, too."""
        return self.shared / self.count if self.count else 0.0

    @property
    def jaccard(self) -> float:
        """Shared rows of all rows in either list."""
        either = 2 * self.count - self.shared
        return self.shared / either if either else 0.0


@dataclass(frozen=True, eq=False)
class PairComparison:
    """Scores a and b over the rows that both have.

    ranks: float32 [N, 2] in 0..1, NaN where one is missing: the plane on which rows are drawn, a to the right.
    spearman: NaN when not defined. overlaps: of the suspicious ends. quadrants: int8 [N] as
    `quadrant_words` names them, -1 = missing.
    """

    ranks: np.ndarray
    spearman: float
    rows: int
    overlaps: tuple[TopOverlap, ...]
    quadrants: np.ndarray

    def counts(self) -> np.ndarray:
        """int64 [4] rows of each quadrant."""
        return np.bincount(self.quadrants[self.quadrants >= 0], minlength=4)


@dataclass(frozen=True, eq=False)
class Crossing:
    """counts: int64 [G, K] rows of each group in each part; suspected: float [G] share of doubted labels, or None."""

    groups: tuple[str, ...]
    parts: tuple[Zone, ...]
    counts: np.ndarray
    suspected: np.ndarray | None


@dataclass(frozen=True, eq=False)
class ClusterCard:
    """One cluster: words that set it apart, share of doubted labels (None = unknown), its middle and its edge.

    Number -1: the rows in none, which have neither.
    """

    number: int
    size: int
    suspected: float | None
    keywords: tuple[str, ...]
    labels: tuple[tuple[str, float], ...]  # the three most frequent given labels, with their share of the rows
    typical: np.ndarray  # rows, nearest to the mean of the cluster first
    odd: np.ndarray  # rows, farthest first


@dataclass(frozen=True, eq=False)
class BranchComparison:
    """a and b over the same N rows. Every set holds int64 rows, ascending.

    gained: kept by b, dropped by a; lost: the other way; relabeled: kept by both under different labels.
    by_class: int64 [C + 1, 4] and by_zone: int64 [Z, 4] rows, kept by a, kept by b, gained, lost (in that order:
    kept_a, kept_b, gained, lost); the last class is "no label".
    """

    gained: np.ndarray
    lost: np.ndarray
    relabeled: np.ndarray
    by_class: np.ndarray
    by_zone: np.ndarray
    zones: tuple[Zone, ...] = tuple(Zone)


@dataclass(frozen=True)
class WeightEffect:
    """Moving one weight from `weight` by -step (not below 0) and +step changes the side of so many rows."""

    kind: str  # "group" | "score"
    name: str
    weight: float
    flips_down: int
    flips_up: int
