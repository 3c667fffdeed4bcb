"""Forgetting: how often the networks lost a label that they had learned.

    events_i = #{t : right at t, wrong at t+1};   a label that was never right counts as T (the number of epochs)
    forgetting_i = sum over seeds of events_i

From 0 ("unforgettable") to T x S. High: hard or mislabeled. Recorded at each row's own presentation before the update
(as published) when the training did so, else at the end of each epoch in evaluation mode. Ties are many: the decimals
(< 1) order equal counts by their mean logit margin, so `floor` gives the count. Fails: short trainings; strong
augmentation; the two ways to record are not comparable. Never-learned rows as 0 (a known defect elsewhere) would make
the hardest rows look easiest. Toneva et al., ICLR 2019.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.correctness_over_time import CountingParams, score_counts
from core.types.methods import Direction, Group, Paper
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def count_forgetting(correct: Bool[np.ndarray, " epoch *shape"]) -> Float64[np.ndarray, "*shape"]:
    """[...] float64 events along the first axis of the bool array `correct` [T, ...]; never correct counts T."""
    events = (correct[:-1] > correct[1:]).sum(axis=0)
    return np.where(correct.any(axis=0), events, len(correct)).astype(np.float64)


def _compute(inputs: ScoreInputs, params: CountingParams, progress: Progress) -> ScoreResult:
    return score_counts(inputs, params, count_forgetting, progress, "Forgetting", total=True)


FORGETTING = ScoreMethod(
    name="forgetting",
    title="Forgetting events",
    summary="How often a learned label was lost again; never learned counts most.",
    paper=Paper(
        "Toneva et al.",
        2019,
        "An Empirical Study of Example Forgetting during Deep Neural Network Learning",
        "https://arxiv.org/abs/1812.05159",
    ),
    params=CountingParams,
    group=Group.DYNAMICS,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_hard=+1, keep_clean_core=-1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="0 to epochs x seeds (decimals break ties)",
    high_means="Often forgotten or never learned: hard, or labeled wrong.",
    low_means="Learned once and kept: easy.",
    cost="Free during training, then T x N x C.",
)
