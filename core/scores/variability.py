"""Variability: how much the probability of the given label moved over training.

    variability_i = population standard deviation over epochs t of p_y^t          (then mean over seeds)
    with include_ci: sqrt(var + var^2 / (T - 1)), the reference code's allowance for few epochs

Range [0, 0.5], and never above sqrt(confidence (1 - confidence)). HIGH is ambiguous: neither easy nor plainly wrong.
One epoch gives 0. Fails: few epochs; a poor detector of wrong labels at high noise (40 %: AUROC .79). Swayamdipta et
al., EMNLP 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.cartography import CartographyParams, label_moments, label_result
from core.scores.shared.formulas import label_probability
from core.types.methods import Direction, Group, Paper, Use
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class VariabilityParams(CartographyParams):
    """Settings of the variability."""

    include_ci: bool = param(False, label="Allow for few epochs", help="sqrt(var + var^2/(T-1)) instead of sqrt(var).")


def _compute(inputs: ScoreInputs, params: VariabilityParams, progress: Progress) -> ScoreResult:
    moments, count = label_moments(inputs, label_probability, params.burn_out, progress, "Variability")
    deviation = moments.deviation
    if params.include_ci and count > 1:
        deviation = np.sqrt(deviation**2 + deviation**4 / (count - 1))
    return label_result(inputs, moments, deviation, count)


VARIABILITY = ScoreMethod(
    name="variability",
    title="Variability",
    summary="How much the label's probability moved over training.",
    paper=Paper("Swayamdipta et al.", 2020, "Dataset Cartography", "https://arxiv.org/abs/2009.10795"),
    params=VariabilityParams,
    group=Group.DYNAMICS,
    direction=Direction.NEUTRAL,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    uses=(Use.DATA_MAP_ACROSS,),
    range="0 to 0.5",
    high_means="The networks changed their mind: ambiguous.",
    low_means="The networks were steadily right, or steadily wrong.",
    cost="One forward pass per epoch (free during training), then T x N x C.",
)
