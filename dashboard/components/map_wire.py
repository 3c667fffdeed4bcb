"""What the map sends: rank columns, row lists, and the same sum that the browser computes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

MISSING = 0
STEPS = 65533.0


def encode_ranks(values: np.ndarray) -> np.ndarray:
    """Average ranks of float [N] as uint16 [N]: 1 lowest ... 65534 highest, 0 where the value is NaN. Compute once per run."""


def coefficients(orientation: Mapping[str, int], groups: Mapping[str, str], group_weights: Mapping[str, float],
                 score_weights: Mapping[str, float]) -> dict[str, float]:
    """Signed weight of each score in a group-mean composite: what `MapRule.coefficients` takes.

    c = sum_G W_G (sum_{m in G} w_m o_m t_m / sum_{m in G} w_m) / sum_G W_G, over groups with a positive weight.
    Absent weights are 1; orientation 0 leaves a score out.
    """


def browser_composite(columns: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """float64 [N]: exactly what the browser computes from rank columns, missing ranks renormalised."""


def browser_kept(columns: Mapping[str, np.ndarray], weights: Mapping[str, float], cut: float | None, drop: str,
                 rows: int) -> np.ndarray:
    """bool [N]: rows the browser keeps on its own, before locked and pinned rows."""
