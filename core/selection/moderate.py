"""Keep the middle band of a score's order: neither the easiest nor the hardest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types.methods import Paper
from core.types.params import param

from .ordering import ascending
from .strategy import Selection, SelectionStrategy, StrategyInputs, keep_rows


@dataclass(frozen=True)
class ModerateParams:
    """How wide the band is and along which score."""

    keep_fraction: float = param(
        0.5, label="Keep", low=0.0, high=1.0, help="Width of the band, as a share of the training rows."
    )
    score: str = param("composite", label="Score", help="The score whose middle is kept.")


def _select(inputs: StrategyInputs, params: ModerateParams) -> Selection:
    rows = inputs.rows
    values = inputs.values(params.score)[rows]
    known = np.flatnonzero(np.isfinite(values))
    order = known[ascending(values[known], inputs.id_rank[rows[known]])]
    budget = inputs.budget(params.keep_fraction)
    start = max(0, (len(order) - budget) // 2)
    band = order[start : start + budget]
    # Rows without a value only where those with one do not fill the band.
    unknown = np.flatnonzero(~np.isfinite(values))[: budget - len(band)]
    return keep_rows(inputs, rows[np.concatenate([band, unknown])], "moderate")


MODERATE = SelectionStrategy(
    name="moderate",
    title="Moderate band",
    params=ModerateParams,
    select=_select,
    summary="Keeps the middle of the order; robust when labels are noisy or much is dropped.",
    paper=Paper(
        "Xia et al.",
        2023,
        "Moderate Coreset: A Universal Method of Data Selection",
        "https://openreview.net/forum?id=7D5EECbOaf9",
    ),
)
