"""Coverage-centric coreset selection: keep easy and hard alike, without the likely label errors.

It was measured along the area under the margin, which comes first of `StrategyInputs.coverage_scores`; the others
follow in how well they kept their order over seeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, Integer

from core.types.methods import Paper
from core.types.params import param

from .allocation import draw, smallest_first
from .ordering import smallest
from .strategy import Selection, SelectionStrategy, StrategyInputs, keep_rows


@dataclass(frozen=True)
class CoverageParams:
    """How much stays, how many likely errors go first, and along which score the rest is spread."""

    keep_fraction: float = param(0.3, label="Keep", help="Share of the training rows that stays.", low=0.0, high=1.0)
    beta: float = param(
        0.0,
        label="Likely errors dropped first",
        low=0.0,
        high=0.9,
        help="Share of the rows that goes first, most suspect labels first. About the noise rate; "
        "0 on clean data, 0.1 to 0.2 only when 90 % or more is dropped.",
    )
    strata: int = param(50, label="Strata", help="Slices of equal width along the score.", low=1, high=1000)
    score: str = param("auto", label="Score", help="Score the slices are cut along; auto takes AUM where there is one.")


def _select(inputs: StrategyInputs, params: CoverageParams) -> Selection:
    rows = inputs.rows
    budget = inputs.budget(params.keep_fraction)
    name = _chosen(inputs, params.score)
    # never drop so many suspects that the budget cannot be met
    suspects = min(int(params.beta * len(rows)), len(rows) - budget)
    pool = np.delete(rows, _most_suspect(inputs, rows, name, suspects))
    strata = equal_width(inputs.values(name)[pool], params.strata)
    quota = smallest_first(np.bincount(strata, minlength=params.strata + 1), budget)
    return keep_rows(inputs, pool[draw(inputs.chance()[pool], strata, quota)], "coverage")


def _chosen(inputs: StrategyInputs, name: str) -> str:
    if name != "auto":
        return name
    return next((score for score in inputs.coverage_scores if score in inputs.scores), "composite")


def _most_suspect(
    inputs: StrategyInputs, rows: Integer[np.ndarray, " row"], name: str, count: int
) -> Integer[np.ndarray, " suspect"]:
    """Positions in `rows` of the most suspect labels by the score's own sense, else by the composite's."""
    side = inputs.noise_side.get(name, 0)
    values = inputs.values(name) if side else inputs.priority
    keyed = np.nan_to_num(values[rows] * np.float32(-side if side else 1), nan=np.inf)
    return smallest(keyed, inputs.id_rank[rows], count)


def equal_width(values: Float[np.ndarray, " row"], strata: int) -> Int64[np.ndarray, " row"]:
    """Slice 0..strata-1 between minimum and maximum, both included; rows without a value form slice `strata`."""
    out = np.full(len(values), strata, np.int64)
    finite = np.isfinite(values)
    if finite.any():
        chosen = values[finite].astype(np.float64)
        low, high = chosen.min(), chosen.max()
        width = np.nextafter(high, np.inf) - low
        out[finite] = np.minimum((chosen - low) / width * strata, strata - 1).astype(np.int64)
    return out


COVERAGE = SelectionStrategy(
    name="coverage",
    title="Coverage (CCS)",
    params=CoverageParams,
    select=_select,
    summary="Keeps easy and hard rows alike; for dropping more than about 60 %.",
    paper=Paper(
        "Zheng et al.",
        2023,
        "Coverage-centric Coreset Selection for High Pruning Rates",
        "https://arxiv.org/abs/2210.15809",
    ),
)
