"""Keep the same number of each class, the best of each by the goal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, Integer

from core.types.params import param

from .allocation import proportional, smallest_first
from .strategy import Selection, SelectionStrategy, StrategyInputs, keep_rows
from .top_fraction import first_to_go


@dataclass(frozen=True)
class ClassBalancedParams:
    """How much stays, and how equal the classes become."""

    keep_fraction: float = param(0.5, label="Keep", help="Share of the training rows that stays.", low=0.0, high=1.0)
    balance: float = param(
        1.0,
        label="Balance",
        low=0.0,
        high=1.0,
        help="0 keeps the classes' shares, 1 makes them as equal as they can be.",
    )


def _select(inputs: StrategyInputs, params: ClassBalancedParams) -> Selection:
    rows = inputs.rows
    classes, place = np.unique(inputs.labels[rows], return_inverse=True)
    sizes = np.bincount(place, minlength=len(classes))
    quota = _mixed(sizes, inputs.budget(params.keep_fraction), params.balance)
    best = []
    for k, count in enumerate(quota):
        order = first_to_go(inputs, rows[place == k])
        best.append(order[len(order) - count :])
    return keep_rows(inputs, np.concatenate(best) if best else rows, "class_balanced")


def _mixed(sizes: Integer[np.ndarray, " group"], budget: int, balance: float) -> Int64[np.ndarray, " group"]:
    """Between proportional and equal shares; the budget is met exactly and each class's own size is its limit."""
    equal_part = int(round(balance * budget))
    equal = smallest_first(sizes, equal_part)
    return equal + proportional(sizes - equal, budget - int(equal.sum()))


CLASS_BALANCED = SelectionStrategy(
    name="class_balanced",
    title="Class balanced",
    params=ClassBalancedParams,
    select=_select,
    needs_composite=True,
    summary="Keeps equally many rows of each class as far as they go, the best of each.",
)
