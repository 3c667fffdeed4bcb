"""One for every row to train on: the file says which rows these are, and nothing else."""

from __future__ import annotations

import numpy as np

from .weight import TrainingWeight, WeightInputs


def _weigh(inputs: WeightInputs) -> np.ndarray:
    return np.ones(len(inputs.rows))


UNIFORM = TrainingWeight(
    name="uniform",
    title="every row alike",
    summary="1 for each row to train on.",
    weigh=_weigh,
)
