"""Self-adjusting Dice: both what is known and what seems hopeless count little.

    D = (2 a p + s) / (a p + 1 + s),   a = 1 - p held fixed, s = 1e-4,   w_i ~ p dD/dp = p a (2 + s) / (a p + 1 + s)^2

p: the probability of the label. The gradient of the Dice loss over that of the cross-entropy, so that training by
cross-entropy with these weights takes its steps; one row at a time, without the sum over a batch of the published code.
Fails: it gives up on rare classes that models have not learned yet. Li et al., ACL 2020.
"""

from __future__ import annotations

import numpy as np

from core.types.methods import Paper

from .label_probability import label_probability, missing_probability
from .weight import TrainingWeight, WeightInputs, scaled

_SMOOTH = 1e-4  # as published


def _weigh(inputs: WeightInputs) -> np.ndarray:
    p = label_probability(inputs)
    return scaled(p * (1.0 - p) * (2.0 + _SMOOTH) / ((1.0 - p) * p + 1.0 + _SMOOTH) ** 2)


DICE = TrainingWeight(
    name="dice",
    title="neither the known nor the hopeless (Dice)",
    summary="Rows that models are undecided about count most; sure ones and likely wrong ones count little.",
    paper=Paper("Li et al.", 2020, "Dice Loss for Data-imbalanced NLP Tasks", "https://arxiv.org/abs/1911.02855"),
    weigh=_weigh,
    missing=missing_probability,
)
