"""Rows that deserve a person's look, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

QUEUE = 100  # rows that make one sitting


@dataclass(frozen=True, eq=False)
class ReviewQueue:
    """order: rows worth a look, most worth first. value: 0..1, NaN where nothing is to decide."""

    order: Int64[np.ndarray, " row"]
    value: Float32[np.ndarray, " example"]


@dataclass(frozen=True, eq=False)
class UnstableRows:
    """rows: those that other seeds would decide otherwise with a probability of 0.1 or more.

    text: one sentence about them, or about why none is known.
    """

    rows: Int64[np.ndarray, " row"]
    text: str
