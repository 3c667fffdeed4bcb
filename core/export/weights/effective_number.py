"""Class-balanced by the effective number of rows: rare classes count more, but not without bound.

    w_i ~ (1 - b) / (1 - b^n_y),  b = 0.999,  scaled to mean 1

Between no weights (b = 0) and inverse class frequency (b -> 1): further rows of a class that has thousands add little,
because they resemble those that are there. Cui et al., CVPR 2019.
"""

from __future__ import annotations

import numpy as np

from core.types.methods import Paper

from .weight import TrainingWeight, WeightInputs

_OVERLAP = 0.999  # of the paper's values the one for classes of hundreds to thousands of rows


def _weigh(inputs: WeightInputs) -> np.ndarray:
    weights = (1.0 - _OVERLAP) / (1.0 - _OVERLAP ** inputs.class_sizes().astype(np.float64))
    return weights / weights.mean()


EFFECTIVE_NUMBER = TrainingWeight(
    name="effective_number",
    title="by the effective number of rows",
    summary="Rare classes count more, up to a bound: rows of a class resemble each other.",
    paper=Paper(
        "Cui et al.",
        2019,
        "Class-Balanced Loss Based on Effective Number of Samples",
        "https://arxiv.org/abs/1901.05555",
    ),
    weigh=_weigh,
)
