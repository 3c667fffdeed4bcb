"""What a weight for training is, what it may read, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from core.curation import ScoreView
from core.types.methods import Method


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


@dataclass(frozen=True, kw_only=True)
class TrainingWeight(Method):
    """A registered way to weigh rows. weigh: [n] finite, from 0 up, with mean 1: a learning rate still fits."""

    weigh: Callable[[WeightInputs], np.ndarray] = field(repr=False)
