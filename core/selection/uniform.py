"""Keep a random part: what every rule has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types.params import param

from .allocation import draw, proportional
from .strategy import Selection, SelectionStrategy, StrategyInputs, keep_rows


@dataclass(frozen=True)
class UniformParams:
    """How much stays, and whether each class keeps its share."""

    keep_fraction: float = param(0.5, label="Keep", help="Share of the training rows that stays.", low=0.0, high=1.0)
    per_class: bool = param(True, label="Same share of each class", help="Draw inside each class.")


def _select(inputs: StrategyInputs, params: UniformParams) -> Selection:
    rows, budget = inputs.rows, inputs.budget(params.keep_fraction)
    chance = inputs.chance()[rows]
    group = inputs.labels[rows] + 1 if params.per_class else np.zeros(len(rows), np.int64)
    quota = proportional(np.bincount(group, minlength=1), budget)
    return keep_rows(inputs, rows[draw(chance, group, quota)], "uniform")


UNIFORM = SelectionStrategy(
    name="uniform",
    title="Random",
    params=UniformParams,
    select=_select,
    summary="Keeps a random part; the yardstick for every other rule.",
)
