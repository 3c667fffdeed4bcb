"""DUAL: uncertain and difficult at once, read early in training.

    dual_i = mean over windows k of  std(p_k, ..., p_{k+J-1}) (1 - mean(p_k, ..., p_{k+J-1}))

p_t is the probability of the given label after epoch t, std has J - 1 in its denominator, J is `window`. Only the first
`first_epochs` epochs are read: 0 stands for 30, or 2/5 of a training shorter than 75 epochs, so that a run that stops
there has all it needs. Range [0, 0.5 sqrt(J / (J - 1))]. HIGH: uncertain and not yet learned, kept by the paper. Fails:
at high pruning rates the top alone is too hard (the paper draws from it by a Beta distribution instead); a wrong label
whose probability never moves scores near 0, one that begins to be learned scores high, so that it is no detector of
noise; few epochs leave one short window. Cho, Shin, Kang & Yun 2025 (their windows move; those of a published rewrite
of TDDS beside it do not).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import masked_result, without_label
from core.scores.shared.windows import (
    after_training_began,
    end_of_training,
    of_given_label,
    sample_deviation,
    sliding_windows,
    window_check,
)
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal

_EARLY, _SHARE = 30, 0.4


@dataclass(frozen=True)
class DualParams:
    """Settings of DUAL."""

    window: int = param(10, label="Epochs in a window", low=2, help="Spread and mean are taken within so many epochs.")
    first_epochs: int = param(
        0, label="First epochs", low=0, help="How many to read; 0: 30, or two fifths of a shorter training."
    )


def early_epochs(recorded: int, asked: int) -> int:
    """How many of the recorded epochs are read: at least two where there are two."""
    return min(recorded, asked or max(2, min(_EARLY, ceil(_SHARE * recorded))))


def _compute(inputs: ScoreInputs, params: DualParams, progress: Progress) -> ScoreResult:
    every = after_training_began(inputs)
    positions = every[: early_epochs(len(every), params.first_epochs)]
    per_seed = np.zeros(inputs.trace.logits.shape[0:3:2])
    count = max(len(positions) - params.window, 0) + 1
    for one in sliding_windows(inputs, of_given_label, positions, params.window, progress, "DUAL"):
        per_seed[one.seed] += sample_deviation(one.values) * (1.0 - one.values.mean(axis=0)) / count
    checks, skill = end_of_training(inputs, per_seed, len(positions))
    return masked_result(
        per_seed,
        without_label(inputs.examples),
        checks=(window_check(len(positions), params.window), *checks),
        skill=skill,
        meta={"windows": count, "epochs_read": [int(inputs.trace.epochs[p]) for p in positions]},
    )


DUAL = ScoreMethod(
    name="dual",
    title="DUAL",
    summary="How uncertain and how improbable the label was early in training.",
    paper=Paper(
        "Cho et al.",
        2025,
        "Lightweight Dataset Pruning without Full Training via Example Difficulty and Prediction Uncertainty",
        "https://arxiv.org/abs/2502.06905",
    ),
    params=DualParams,
    group=Group.DYNAMICS,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="0 to 0.5 sqrt(J / (J - 1)), J epochs in a window",
    high_means="Early on its label was improbable and moved: hard and informative.",
    low_means="Learned at once, or never moved at all.",
    cost="One forward pass per early epoch (free during training), then T x J x N.",
)
