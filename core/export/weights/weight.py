"""What a weight for training is, what it may read, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from core.curation import ScoreView
from core.types.methods import Method

MOST = 10.0  # times the mean: a row that counts for more makes a batch of its own, and is the likeliest to be an error


@dataclass(frozen=True, eq=False)
class WeightInputs:
    """The n rows to train on: kept, labeled and not held out.

    rows: [n] their places in `view`, which has every score. labels: [n] their classes, corrections included.
    """

    view: ScoreView
    rows: np.ndarray
    labels: np.ndarray

    def class_sizes(self) -> np.ndarray:
        """[n] how many of these rows have the class of each."""
        return np.bincount(self.labels)[self.labels]


def _never_missing(view: ScoreView) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class TrainingWeight(Method):
    """A registered way to weigh rows. weigh: [n] finite, from 0 up, with mean 1: a learning rate still fits.

    missing: what a run lacks for it, as one sentence; "" where it can be had. It may read only what an export stores
    (scores, labels, predictions, groups), or `verify` could not replay it.
    """

    weigh: Callable[[WeightInputs], np.ndarray] = field(repr=False)
    missing: Callable[[ScoreView], str] = field(default=_never_missing, repr=False)


def scaled(raw: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, " row"]:
    """Weights from 0 up as weights with mean 1, none above `MOST`; a row without one (NaN) counts as the mean row.

    What the bound cuts off goes to the other rows in proportion, or in equal parts where they have none.
    """
    known = np.isfinite(raw)
    filled = np.where(known, raw, raw[known].mean() if known.any() else 1.0)
    weights = filled / filled.mean() if filled.sum() > 0 else np.ones(len(filled))
    bound = np.zeros(len(weights), bool)
    while (over := (weights > MOST) & ~bound).any():
        bound |= over
        weights[bound] = MOST
        left, total = len(weights) - MOST * bound.sum(), weights[~bound].sum()
        weights[~bound] = weights[~bound] * (left / total) if total > 0 else left / (~bound).sum()
    return weights


def effective_size(weights: np.ndarray) -> float:
    """Kish's effective sample size, (sum w)^2 / sum w^2: that many equal rows tell as much; 0 for no weight."""
    plain = np.asarray(weights, np.float64)
    squares = float((plain**2).sum())
    return float(plain.sum()) ** 2 / squares if squares > 0 else 0.0


def weighed_words(weights: np.ndarray) -> str:
    """One sentence on weights [N]: how many rows have one, and as how many equal ones they tell."""
    rows = int(np.count_nonzero(weights))
    return f"{rows:,} rows have a weight and tell as much as {effective_size(weights):,.0f} that count alike."
