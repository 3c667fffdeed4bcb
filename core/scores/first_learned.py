"""First learned: the epoch in which the networks first got the label right.

    first:        the first epoch 1..T whose prediction was right;  never right counts T + 1
    last_wrong:   the last epoch whose prediction was wrong;        0 if never wrong ("presentations to learn")

mean over seeds; predictions as in forgetting (at the row's own presentation when recorded, else at the end of each
epoch). From 1 (or 0) to T + 1 (T). High: learned late or never, hard or mislabeled; oriented like forgetting. Decimals
below one step order equal counts by their mean logit margin. Fails: few epochs; one lucky prediction counts as learned
(not with `last_wrong`). Toneva et al., ICLR 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.correctness_over_time import CountingParams, score_counts
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class FirstLearnedParams(CountingParams):
    """Settings of first learned."""

    counted: str = param(
        "first",
        label="Learned when",
        choices=("first", "last_wrong"),
        help="first: right for the first time. last_wrong: right from then on (presentations to learn).",
    )


def first_right(correct: Bool[np.ndarray, " epoch *shape"]) -> Float64[np.ndarray, "*shape"]:
    """[...] float64 first right epoch, counted from 1, along the first axis of bool [T, ...]; never right is T + 1."""
    return np.where(correct.any(axis=0), correct.argmax(axis=0) + 1, len(correct) + 1).astype(np.float64)


def presentations_to_learn(correct: Bool[np.ndarray, " epoch *shape"]) -> Float64[np.ndarray, "*shape"]:
    """[...] float64 last wrong epoch, counted from 1, along the first axis of bool [T, ...]; never wrong is 0."""
    wrong = ~correct[::-1]
    return np.where(wrong.any(axis=0), len(correct) - wrong.argmax(axis=0), 0).astype(np.float64)


def _compute(inputs: ScoreInputs, params: FirstLearnedParams, progress: Progress) -> ScoreResult:
    count = first_right if params.counted == "first" else presentations_to_learn
    return score_counts(inputs, params, count, progress, "First learned")


FIRST_LEARNED = ScoreMethod(
    name="first_learned",
    title="First learned",
    summary="The epoch in which the networks first got the label right; never counts most.",
    paper=Paper(
        "Toneva et al.",
        2019,
        "An Empirical Study of Example Forgetting during Deep Neural Network Learning",
        "https://arxiv.org/abs/1812.05159",
    ),
    params=FirstLearnedParams,
    group=Group.DYNAMICS,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_hard=+1, keep_clean_core=-1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="1 to epochs + 1 (decimals break ties)",
    high_means="Learned late or never: hard, or labeled wrong.",
    low_means="Learned in the first epochs: easy.",
    cost="Free during training, then T x N x C.",
)
