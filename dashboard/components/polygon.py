"""Which points a drawn polygon holds."""

from __future__ import annotations

import numpy as np


def rows_in_polygon(coords: np.ndarray, polygon: np.ndarray, shown: np.ndarray | None = None) -> np.ndarray:
    """Rows of coords [N, 2] inside polygon [M, 2] (even-odd rule), int64 ascending; hidden rows are left out."""
