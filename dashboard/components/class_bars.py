"""Rows of each class before and after the rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def class_bars(names: Sequence[str], before: np.ndarray, after: np.ndarray, *, key: str, floor: int | None = None,
               colors: Sequence[str] | None = None, height: int = 240, limit: int = 12) -> str | None:
    """Pale bar = before, dark bar = kept, "1,083 / 6,091" beside each name; a class at its floor is marked.

    Returns the class the person clicked, or None. More than `limit` classes scroll.
    """
