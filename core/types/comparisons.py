"""Scores, zones, clusters, branches and weights, each beside its like."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float32, Float64, Int8, Int64, Integer

from .curation import Zone

REGIONS = ("easy to learn", "ambiguous", "hard to learn")  # of the data map, in the order of their codes


@dataclass(frozen=True, eq=False)
class RankCorrelation:
    """Spearman correlation of every two scores, NaN where fewer than two rows are shared or one is constant there.

    rows: how many rows both scores have, of those sampled. sampled: how many of the `total` rows were read.
    """

    names: tuple[str, ...]
    matrix: Float64[np.ndarray, "score score"]
    rows: Int64[np.ndarray, "score score"]
    sampled: int
    total: int


@dataclass(frozen=True)
class TopOverlap:
    """The first `count` rows of two scores, `shared` of them in both lists; by chance `share` is `fraction`.

    rows: those in both lists, ascending.
    """

    fraction: float
    count: int
    shared: int
    rows: Int64[np.ndarray, " row"] = field(default_factory=lambda: np.array([], np.int64), compare=False, repr=False)

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

    ranks: of a and b in 0..1, NaN where one is missing: the plane on which rows are drawn, a to the right.
    spearman: NaN when not defined. overlaps: of the suspicious ends. quadrants: codes in the
    order of `quadrant_words`, -1 = missing.
    """

    ranks: Float32[np.ndarray, "example 2"]
    spearman: float
    rows: int
    overlaps: tuple[TopOverlap, ...]
    quadrants: Int8[np.ndarray, " example"]

    def counts(self) -> Int64[np.ndarray, " 4"]:
        """Rows of each quadrant."""
        return np.bincount(self.quadrants[self.quadrants >= 0], minlength=4)


@dataclass(frozen=True, eq=False)
class Crossing:
    """Rows of each group in each zone, and each group's share of doubted labels (None: no model doubts any)."""

    groups: tuple[str, ...]
    parts: tuple[Zone, ...]
    counts: Int64[np.ndarray, "group zone"]
    suspected: Float[np.ndarray, " group"] | None


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
    typical: Integer[np.ndarray, " typical"]  # rows, nearest to the mean of the cluster first
    odd: Integer[np.ndarray, " odd"]  # rows, farthest first


@dataclass(frozen=True, eq=False)
class BranchComparison:
    """Branches a and b over the same rows. Every set holds rows, ascending.

    gained: kept by b, dropped by a; lost: the other way; relabeled: kept by both under different labels.
    by_class, by_zone: how many rows are kept by a, kept by b, gained and lost; the last class is "no label".
    """

    gained: Int64[np.ndarray, " gained"]
    lost: Int64[np.ndarray, " lost"]
    relabeled: Int64[np.ndarray, " relabeled"]
    by_class: Int64[np.ndarray, "class 4"]
    by_zone: Int64[np.ndarray, "zone 4"]
    zones: tuple[Zone, ...] = tuple(Zone)


@dataclass(frozen=True)
class WeightEffect:
    """Moving one weight from `weight` by -step (not below 0) and +step changes the side of so many rows."""

    kind: str  # "group" | "score"
    name: str
    weight: float
    flips_down: int
    flips_up: int
