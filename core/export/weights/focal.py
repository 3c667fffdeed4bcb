"""Focal: what is known already counts little.

    w_i ~ (1 - p_y)^2

The factor of the focal loss with its usual exponent, at the probability that models gave the label. Fails with noise:
wrong labels have a small probability and count most; drop or correct the suspects first. Lin et al., ICCV 2017.
"""

from __future__ import annotations

import numpy as np

from core.types.methods import Paper

from .label_probability import label_probability, missing_probability
from .weight import TrainingWeight, WeightInputs, scaled

_GAMMA = 2  # as published


def _weigh(inputs: WeightInputs) -> np.ndarray:
    return scaled((1.0 - label_probability(inputs)) ** _GAMMA)


FOCAL = TrainingWeight(
    name="focal",
    title="what is known already counts little (focal)",
    summary="Rows whose label models are sure of count little; wrong labels count most, so drop suspects first.",
    paper=Paper("Lin et al.", 2017, "Focal Loss for Dense Object Detection", "https://arxiv.org/abs/1708.02002"),
    weigh=_weigh,
    missing=missing_probability,
)
