"""Weights for training: how much each kept row should count, as `sample_weight` of an export says it."""

from __future__ import annotations

import numpy as np

from core.curation import ScoreView
from core.types.curation import Outcome
from core.types.errors import RulesError
from core.types.registry import find

from .balanced import BALANCED
from .dga import DGA
from .dice import DICE
from .dynamic_loss import DYNAMIC_EXTREMES, DYNAMIC_LINEAR, DYNAMIC_QUADRATIC
from .effective_number import EFFECTIVE_NUMBER
from .equity import EQUITY
from .focal import FOCAL
from .kl_dro import KL_DRO
from .shortcut import SHORTCUT
from .uniform import UNIFORM
from .weight import TrainingWeight, WeightInputs, effective_size, weighed_words

# Order here is order everywhere; the first is the default, which manifests do not name.
WEIGHTS: tuple[TrainingWeight, ...] = (
    BALANCED,
    EFFECTIVE_NUMBER,
    UNIFORM,
    FOCAL,
    DICE,
    KL_DRO,
    DYNAMIC_LINEAR,
    DYNAMIC_QUADRATIC,
    DYNAMIC_EXTREMES,
    EQUITY,
    DGA,
    SHORTCUT,
)


def weight_named(name: str) -> TrainingWeight:
    """The registered weight called `name`, the default for ""; raises `RulesError` listing those there are."""
    return find(name or WEIGHTS[0].name, WEIGHTS, "weight", RulesError)


def usable_weight(view: ScoreView, name: str = "") -> TrainingWeight:
    """The same; raises `RulesError` too where the run lacks what it reads."""
    weight = weight_named(name)
    if missing := weight.missing(view):
        raise RulesError(f"The weight {weight.name} cannot be had of this run.", missing)
    return weight


def sample_weights(view: ScoreView, outcome: Outcome, name: str = "") -> np.ndarray:
    """[N] float32 weights with mean 1 over the kept labeled training rows; 0 elsewhere, so that a sampler skips them.

    Raises `RulesError` for an unknown weight and where the run lacks what it reads.
    """
    weight = usable_weight(view, name)
    rows = np.flatnonzero(outcome.kept & ~view.held_out & (outcome.label_final >= 0))
    weights = np.zeros(len(view), np.float32)
    if len(rows):
        weights[rows] = weight.weigh(WeightInputs(view, rows, outcome.label_final[rows]))
    return weights


__all__ = [
    "WEIGHTS",
    "TrainingWeight",
    "WeightInputs",
    "effective_size",
    "sample_weights",
    "usable_weight",
    "weighed_words",
    "weight_named",
]
