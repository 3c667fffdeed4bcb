"""Rows that deserve a person's look, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

QUEUE = 100  # rows that make one sitting


@dataclass(frozen=True, eq=False)
class ReviewQueue:
    """order: int64 rows worth a look, most worth first. value: float32 [N] in 0..1, NaN where nothing is to decide."""

    order: np.ndarray
    value: np.ndarray


@dataclass(frozen=True, eq=False)
class UnstableRows:
    """rows: int64, those that other seeds would decide otherwise with a probability of 0.1 or more.

    text: one sentence about them, or about why none is known.
    """

    rows: np.ndarray
    text: str
