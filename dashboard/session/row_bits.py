"""A set of rows as a session keeps it: one bit for each row of the run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class RowBits:
    """Rows as one bit each: a session keeps the arguments of every button until the page is drawn again."""

    bits: np.ndarray
    total: int

    @staticmethod
    def of(rows: np.ndarray) -> RowBits:
        """From row numbers in any order, or from bool [N]."""
        if rows.dtype != bool:
            marks = np.zeros(1 + int(rows.max(initial=-1)), bool)
            marks[rows] = True
            rows = marks
        return RowBits(np.packbits(rows), len(rows))

    def mask(self) -> np.ndarray:
        """bool [N] as long as what it was made from."""
        return np.unpackbits(self.bits, count=self.total).view(bool)

    def rows(self) -> np.ndarray:
        """Row numbers, ascending."""
        return np.flatnonzero(self.mask())
