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


@dataclass(frozen=True, eq=False)
class LabelNext:
    """Rows without a label, most worth one first, and what each was worth when it was taken (0..1).

    by_model: whether a model's uncertainty and predicted classes took part; otherwise it is an order of coverage.
    """

    order: Int64[np.ndarray, " row"]
    value: Float32[np.ndarray, " row"]
    by_model: bool

    @property
    def text(self) -> str:
        """What the order goes by, in one sentence."""
        if self.by_model:
            return "Ordered by the model's doubt, distance to labeled rows, typical before odd, rare classes first."
        return "No label yet: ordered to cover the data, typical before odd."
