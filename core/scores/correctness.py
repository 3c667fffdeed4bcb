"""Correctness: at how many epochs the given label was predicted.

    correctness_i = sum over epochs t of 1[argmax z^t = y]            (mean over seeds)

From 0 to T. HIGH is easy, 0 is never learned. Fails: coarse, many rows tie, above all with few epochs (the share of
ties is in the details); many late epochs of a network that memorizes count wrong labels as known. Swayamdipta et al.,
EMNLP 2020.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import tie_share
from core.scores.shared.cartography import CartographyParams, label_moments, label_result
from core.scores.shared.formulas import is_correct
from core.types.methods import Direction, Group, Paper
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def _compute(inputs: ScoreInputs, params: CartographyParams, progress: Progress) -> ScoreResult:
    moments, count = label_moments(inputs, is_correct, params.burn_out, progress, "Correctness")
    # A mean of zeros and ones times their number is a whole number but for rounding.
    result = label_result(inputs, moments, np.rint(moments.mean * count), count)
    return replace(result, meta={**result.meta, "tie_share": tie_share(result.values)})


CORRECTNESS = ScoreMethod(
    name="correctness",
    title="Correctness",
    summary="At how many epochs the given label was predicted.",
    paper=Paper("Swayamdipta et al.", 2020, "Dataset Cartography", "https://arxiv.org/abs/2009.10795"),
    params=CartographyParams,
    group=Group.DYNAMICS,
    direction=Direction.TYPICAL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, most_helpful=+1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="0 to the number of epochs",
    high_means="Right from early on: easy.",
    low_means="Rarely or never right: hard, or labeled wrong.",
    cost="One forward pass per epoch (free during training), then T x N x C.",
)
