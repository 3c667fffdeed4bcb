"""Ways to divide the rows of a run, and what a person asks for of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64, Integer


@dataclass(frozen=True, eq=False)
class Facet:
    """One way to divide the rows. codes: into options, -1 = in none of them.

    version: names what the codes follow from where a person can change it; empty for what never changes.
    """

    name: str
    title: str
    options: tuple[str, ...]
    codes: Integer[np.ndarray, " example"]
    version: str = ""

    def counts(self, rows: Bool[np.ndarray, " example"] | None = None) -> Int64[np.ndarray, " option"]:
        """Rows in each option, among the rows of a mask."""
        codes = self.codes if rows is None else self.codes[rows]
        return np.bincount(codes[codes >= 0], minlength=len(self.options))


@dataclass(frozen=True)
class Filters:
    """What the cards, the search box and the histogram's range ask for together."""

    chosen: Mapping[str, Sequence[str]]
    ranges: Mapping[str, tuple[float, float]]
    words: str = ""

    @property
    def active(self) -> bool:
        """Whether anything is asked."""
        return any(self.chosen.values()) or bool(self.ranges) or bool(self.words)


@dataclass(frozen=True)
class FacetCounts:
    """How many rows have each value of a facet, and how many of those are kept: (value, rows, kept)."""

    name: str
    title: str
    values: tuple[tuple[str, int, int], ...]

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        values = [{"value": value, "rows": rows, "kept": kept} for value, rows, kept in self.values]
        return {"name": self.name, "title": self.title, "values": values}
