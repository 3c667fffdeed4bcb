"""Distributionally robust by a KL penalty: the worst mixture of the rows that is not too far from all alike.

    w = argmax over mixtures  sum_i w_i l_i - t KL(w || uniform)  =  softmax(l / t),   t = 1 nat

l: loss of the label. A large t gives every row the same, a small one all to the worst row; none counts more than ten
times the mean. Fails with noise: wrong labels have the largest loss; drop or correct the suspects first. Sow et al.
2023.
"""

from __future__ import annotations

import numpy as np

from core.types.methods import Paper

from .label_probability import label_loss, missing_probability
from .weight import TrainingWeight, WeightInputs, scaled

_PENALTY = 1.0  # nats


def _weigh(inputs: WeightInputs) -> np.ndarray:
    return scaled(np.exp(label_loss(inputs) / _PENALTY))


KL_DRO = TrainingWeight(
    name="kl_dro",
    title="the hardest mixture (KL-DRO)",
    summary="Rows with a high loss count more, exponentially; wrong labels count most, so drop suspects first.",
    paper=Paper("Sow et al.", 2023, "Doubly Robust Instance-Reweighted Adversarial Training"),
    weigh=_weigh,
    missing=missing_probability,
)
