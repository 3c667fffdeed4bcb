"""Weights for training: how much each kept row should count, as `sample_weight` of an export says it."""

from __future__ import annotations

import numpy as np

from core.curation import ScoreView
from core.types.curation import Outcome
from core.types.errors import RulesError
from core.types.registry import find

from .balanced import BALANCED
from .effective_number import EFFECTIVE_NUMBER
from .uniform import UNIFORM
from .weight import TrainingWeight, WeightInputs

# Order here is order everywhere; the first is the default, which manifests do not name.
WEIGHTS: tuple[TrainingWeight, ...] = (BALANCED, EFFECTIVE_NUMBER, UNIFORM)


def weight_named(name: str) -> TrainingWeight:
    """The registered weight called `name`, the default for ""; raises `RulesError` listing those there are."""
    return find(name or WEIGHTS[0].name, WEIGHTS, "weight", RulesError)


def sample_weights(view: ScoreView, outcome: Outcome, name: str = "") -> np.ndarray:
    """[N] float32 weights with mean 1 over the kept labeled training rows; NaN elsewhere."""
    rows = np.flatnonzero(outcome.kept & ~view.held_out & (outcome.label_final >= 0))
    weights = np.full(len(view), np.nan, np.float32)
    if len(rows):
        weights[rows] = weight_named(name).weigh(WeightInputs(view, rows, outcome.label_final[rows]))
    return weights


__all__ = ["WEIGHTS", "TrainingWeight", "WeightInputs", "sample_weights", "weight_named"]
