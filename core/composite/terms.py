"""All scores of a run, normalised once: what every later weight change only has to add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.types.errors import RulesError

from .normalise import normalise

_MOST_SCORES = 63  # presence is one bit per score


@dataclass(frozen=True, eq=False)
class Terms:
    """Centred scores, without orientation.

    matrix: [m, N] float32 with 0 where a score is absent. patterns: an integer per kind of row, bit k = score k there;
    pattern_rows: the rows of each kind, `None` for the first, most frequent one (all rows not named by the others).
    """

    names: tuple[str, ...]
    matrix: np.ndarray
    patterns: tuple[int, ...]
    pattern_rows: tuple[np.ndarray | None, ...]

    @property
    def rows(self) -> int:
        """N."""
        return self.matrix.shape[1]

    def present(self, k: int) -> np.ndarray:
        """[N] bool, where score k has a value."""
        mask = np.full(self.rows, bool(self.patterns[0] >> k & 1))
        for pattern, rows in zip(self.patterns[1:], self.pattern_rows[1:], strict=True):
            mask[rows] = bool(pattern >> k & 1)
        return mask


def build_terms(
    values: Mapping[str, np.ndarray],
    how: str = "rank",
    labels: np.ndarray | None = None,
    reference: np.ndarray | None = None,
) -> Terms:
    """Normalise every score (see `normalise`); slow, and kept by the caller."""
    if len(values) > _MOST_SCORES:
        raise RulesError(f"{len(values)} scores are more than rules can combine.", f"Use at most {_MOST_SCORES}.")
    count = len(next(iter(values.values()))) if values else 0
    matrix = np.zeros((len(values), count), np.float32)
    presence = np.zeros(count, np.uint64)
    for k, column in enumerate(values.values()):
        term = normalise(column, how, labels, reference)
        there = ~np.isnan(term)
        matrix[k, there] = term[there]
        presence |= there.astype(np.uint64) << np.uint64(k)
    matrix.flags.writeable = False
    return Terms(tuple(values), matrix, *_kinds(presence))


def _kinds(presence: np.ndarray) -> tuple[tuple[int, ...], tuple[np.ndarray | None, ...]]:
    if len(presence) == 0:
        return (0,), (None,)
    found, inverse, counts = np.unique(presence, return_inverse=True, return_counts=True)
    first = int(counts.argmax())
    rest = [k for k in range(len(found)) if k != first]
    order = np.argsort(inverse, kind="stable")
    ends = np.cumsum(counts)
    rows = [order[ends[k] - counts[k] : ends[k]] for k in rest]
    return (int(found[first]), *(int(found[k]) for k in rest)), (None, *rows)
