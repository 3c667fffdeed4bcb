"""Keep the fraction that the goal ranks highest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from core.types.params import param

from .ordering import ascending
from .strategy import Selection, SelectionStrategy, StrategyInputs, keep_rows


@dataclass(frozen=True)
class TopFractionParams:
    """How much stays."""

    keep_fraction: float = param(0.5, label="Keep", help="Share of the training rows that stays.", low=0.0, high=1.0)


def first_to_go(inputs: StrategyInputs, rows: Integer[np.ndarray, " row"]) -> Integer[np.ndarray, " row"]:
    """`rows` by (priority ascending, id): a row without a priority goes last."""
    if inputs.order is not None:
        member = np.zeros(len(inputs.candidates), bool)
        member[rows] = True
        return inputs.order[member[inputs.order]]
    return rows[ascending(inputs.priority[rows], inputs.id_rank[rows])]


def _select(inputs: StrategyInputs, params: TopFractionParams) -> Selection:
    order = first_to_go(inputs, inputs.rows)
    gone = len(order) - inputs.budget(params.keep_fraction)
    return keep_rows(inputs, order[gone:], "top_fraction", border(inputs.priority, order, gone))


def border(priority: Float[np.ndarray, " example"], order: Integer[np.ndarray, " candidate"], gone: int) -> float:
    """Priority halfway between the last row that goes and the first that stays, NaN where a side is unknown."""
    if not 0 < gone < len(order):
        return float("nan")
    return float(np.float32((float(priority[order[gone - 1]]) + float(priority[order[gone]])) / 2.0))


TOP_FRACTION = SelectionStrategy(
    name="top_fraction",
    title="Top fraction",
    params=TopFractionParams,
    select=_select,
    needs_composite=True,
    summary="Keeps the share of the rows that serve the goal best.",
)
