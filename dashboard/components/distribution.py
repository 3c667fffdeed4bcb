"""How one score is distributed: histogram or cumulative share, per class, with the cut drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Distribution:
    """counts: int [C, B] (or [1, B]) from the run's index; edges: float [B + 1]; names: C class names."""

    title: str
    counts: np.ndarray
    edges: np.ndarray
    names: tuple[str, ...] = ("all",)
    filtered: np.ndarray | None = None  # int [B], counts of the filtered rows, drawn dark over pale
    low_means: str = ""
    high_means: str = ""


def histogram(distribution: Distribution, *, key: str, cut: float | None = None, drop: str = "above",
              value: float | None = None, mode: str = "histogram", by_class: bool = False, bins: int = 64,
              palette: Sequence[str] | None = None, height: int = 200, selectable: bool = True) -> tuple[float, float] | None:
    """Draw it. cut: dashed line with the dropped side shaded; value: the focused example's bar lights up.

    mode: histogram | ecdf. by_class: stacked bars (or one curve per class). Returns the range the person just selected
    by dragging across the plot, or None.
    """
