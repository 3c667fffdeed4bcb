"""All scores of a run, normalised once: what every later weight change only has to add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Integer, UInt64

from core.types.errors import RulesError

from .normalise import normalise

MOST_SCORES = 63  # presence is one bit per score


@dataclass(frozen=True, eq=False)
class Terms:
    """Centred scores, without orientation.

    matrix: 0 where a score is absent. patterns: an integer per kind of row, bit k = score k there;
    pattern_rows: the rows of each kind, `None` for the first, most frequent one (all rows not named by the others).
    """

    names: tuple[str, ...]
    matrix: Float32[np.ndarray, "score example"]
    patterns: tuple[int, ...]
    pattern_rows: tuple[Integer[np.ndarray, " _"] | None, ...]

    @property
    def rows(self) -> int:
        """How many examples there are."""
        return self.matrix.shape[1]

    def present(self, k: int) -> Bool[np.ndarray, " example"]:
        """Where score k has a value."""
        mask = np.full(self.rows, bool(self.patterns[0] >> k & 1))
        for pattern, rows in zip(self.patterns[1:], self.pattern_rows[1:], strict=True):
            mask[rows] = bool(pattern >> k & 1)
        return mask


def build_terms(
    values: Mapping[str, Float[np.ndarray, " example"]],
    how: str = "rank",
    labels: Integer[np.ndarray, " example"] | None = None,
    reference: Bool[np.ndarray, " example"] | None = None,
) -> Terms:
    """Normalise every score (see `normalise`); slow, and cached by the caller. Raises `RulesError` beyond 63 scores."""
    if len(values) > MOST_SCORES:
        raise RulesError(f"{len(values)} scores are more than rules can combine.", f"Use at most {MOST_SCORES}.")
    count = len(next(iter(values.values()))) if values else 0
    matrix = np.zeros((len(values), count), np.float32)
    presence = np.zeros(count, np.uint64)
    for k, column in enumerate(values.values()):
        term = normalise(column, how, labels, reference)
        present = ~np.isnan(term)
        matrix[k, present] = term[present]
        presence |= present.astype(np.uint64) << np.uint64(k)
    matrix.flags.writeable = False
    return Terms(tuple(values), matrix, *_kinds(presence))


def _kinds(
    presence: UInt64[np.ndarray, " example"],
) -> tuple[tuple[int, ...], tuple[Integer[np.ndarray, " _"] | None, ...]]:
    """The distinct patterns, the most frequent first, and the rows of each but that one."""
    if len(presence) == 0:
        return (0,), (None,)
    patterns, inverse, counts = np.unique(presence, return_inverse=True, return_counts=True)
    first = int(counts.argmax())
    rest = [k for k in range(len(patterns)) if k != first]
    order = np.argsort(inverse, kind="stable")
    ends = np.cumsum(counts)
    rows = [order[ends[k] - counts[k] : ends[k]] for k in rest]
    return (int(patterns[first]), *(int(patterns[k]) for k in rest)), (None, *rows)
