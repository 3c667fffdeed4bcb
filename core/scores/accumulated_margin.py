"""Accumulated margin: the label's lead in probability, summed over training.

    accumulated_margin_i = sum over epochs t of  p_y^t - max_{c != y} p_c^t            (mean over seeds)

Range [-T, T]. HIGH is clean and easy, LOW is suspect; oriented like AUM. Coverage-centric and D2 selection call this
"AUM", but it is a sum of PROBABILITY margins, not the mean of logit margins: it saturates at one per epoch, so early
sureness counts and late overconfidence does not. Fails like AUM: rare clean classes, overtraining, few epochs.
`burn_out` counts only the first epochs. Zheng et al. 2023 (CCS); Maharana, Yadav & Bansal 2023 (D2).
"""

from __future__ import annotations

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.cartography import CartographyParams, label_moments, label_result
from core.scores.shared.formulas import probability_margin
from core.scores.shared.trace_moments import require_two_classes
from core.types.methods import Direction, Group, Paper
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def _compute(inputs: ScoreInputs, params: CartographyParams, progress: Progress) -> ScoreResult:
    require_two_classes(inputs, "The accumulated margin")
    moments, count = label_moments(inputs, probability_margin, params.burn_out, progress, "Accumulated margin")
    return label_result(inputs, moments, moments.mean * count, count)


ACCUMULATED_MARGIN = ScoreMethod(
    name="accumulated_margin",
    title="Accumulated margin",
    summary="The label's lead in probability, summed over training.",
    paper=Paper(
        "Zheng et al.",
        2023,
        "Coverage-centric Coreset Selection for High Pruning Rates",
        "https://arxiv.org/abs/2210.15809",
    ),
    params=CartographyParams,
    group=Group.DYNAMICS,
    direction=Direction.TYPICAL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, most_helpful=+1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="-epochs to epochs",
    high_means="The label led throughout training: clean and easy.",
    low_means="Another class led throughout training: probably labeled wrong.",
    cost="One forward pass per epoch (free during training), then T x N x C.",
)
