"""Inverse class frequency: every class counts as much as every other, however many rows it has.

w_i = n / (C n_y),  C classes that occur, n_y rows of the row's class
"""

from __future__ import annotations

import numpy as np

from .weight import TrainingWeight, WeightInputs


def _weigh(inputs: WeightInputs) -> np.ndarray:
    return len(inputs.labels) / (len(np.unique(inputs.labels)) * inputs.class_sizes())


BALANCED = TrainingWeight(
    name="balanced",
    title="every class alike",
    summary="Inverse class frequency: rows of rare classes count more.",
    weigh=_weigh,
)
