"""Confidence: mean probability of the given label over training.

    confidence_i = mean over epochs t of p_y^t            (then over seeds)

Range [0, 1]. HIGH is easy, LOW is hard or mislabeled: with low variability, the corner of the data map that is rich in
wrong labels. Fails: fewer than about five epochs; many late epochs of a network that memorizes wash it out (40 %
flipped labels on digits after 60 epochs: AUROC .979). Swayamdipta et al., EMNLP 2020.
"""

from __future__ import annotations

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.cartography import CartographyParams, label_moments, label_result
from core.scores.shared.formulas import label_probability
from core.types.methods import Direction, Group, Paper, Use
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def _compute(inputs: ScoreInputs, params: CartographyParams, progress: Progress) -> ScoreResult:
    moments, count = label_moments(inputs, label_probability, params.burn_out, progress, "Confidence")
    return label_result(inputs, moments, moments.mean, count)


CONFIDENCE = ScoreMethod(
    name="confidence",
    title="Confidence",
    summary="Mean probability of the given label over training.",
    paper=Paper("Swayamdipta et al.", 2020, "Dataset Cartography", "https://arxiv.org/abs/2009.10795"),
    params=CartographyParams,
    group=Group.DYNAMICS,
    direction=Direction.TYPICAL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, most_helpful=+1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    uses=(Use.DATA_MAP_UP,),
    coverage_rank=3,
    range="0 to 1",
    high_means="The label was probable throughout training: easy.",
    low_means="The label was improbable throughout training: hard, or labeled wrong.",
    cost="One forward pass per epoch (free during training), then T x N x C.",
)
