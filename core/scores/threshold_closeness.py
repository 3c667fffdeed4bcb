"""Threshold closeness: how near the label's mean probability is to one half.

    threshold_closeness_i = confidence_i (1 - confidence_i),   confidence_i = mean over epochs of p_y (then over seeds)

Range [0, 0.25]. HIGH is undecided over the whole training, LOW is steadily right or steadily wrong; it bounds the
square of the variability from above, and is oriented like it: both ends of confidence give the same value, so it says
nothing about wrong labels by itself. Fails: fewer than about five epochs; many classes, where a label at one half is
already the favorite. Swayamdipta et al., EMNLP 2020 (a selection option of their code).
"""

from __future__ import annotations

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.cartography import CartographyParams, label_moments, label_result
from core.scores.shared.formulas import label_probability
from core.types.methods import Direction, Group, Paper
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def _compute(inputs: ScoreInputs, params: CartographyParams, progress: Progress) -> ScoreResult:
    moments, count = label_moments(inputs, label_probability, params.burn_out, progress, "Threshold closeness")
    return label_result(inputs, moments, moments.mean * (1.0 - moments.mean), count)


THRESHOLD_CLOSENESS = ScoreMethod(
    name="threshold_closeness",
    title="Threshold closeness",
    summary="How near the label's mean probability is to one half.",
    paper=Paper("Swayamdipta et al.", 2020, "Dataset Cartography", "https://arxiv.org/abs/2009.10795"),
    params=CartographyParams,
    group=Group.DYNAMICS,
    direction=Direction.NEUTRAL,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="0 to 0.25",
    high_means="The networks were undecided about the label: ambiguous.",
    low_means="The networks were steadily right, or steadily wrong.",
    cost="One forward pass per epoch (free during training), then T x N x C.",
)
