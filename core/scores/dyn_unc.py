"""Dynamic uncertainty: how much the label's probability moved within a few epochs, averaged over training.

    dyn_unc_i = mean over windows k of  std(p_k, ..., p_{k+J-1})       p_t: probability of the given label after epoch t

std has J - 1 in its denominator; J is `window`, and one window of all epochs where fewer were recorded. Epoch 0 is not
read. Range [0, 0.5 sqrt(J / (J - 1))]. HIGH is uncertain: kept by the paper, which drops the low end. Unlike
variability it is blind to the slow rise from not learned to learned, and sees what swings back and forth. Fails: with
fewer than two windows it is variability over again; wrong labels that a network learns late swing as well, so that
where labels are noisy suspects go first; one training alone is unsteady. He, Yang, Huang & Zhao 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class DynUncParams:
    """Settings of the dynamic uncertainty."""

    window: int = param(10, label="Epochs in a window", low=2, help="Spread is taken within so many epochs in a row.")


def _compute(inputs: ScoreInputs, params: DynUncParams, progress: Progress) -> ScoreResult:
    positions = after_training_began(inputs)
    per_seed = np.zeros(inputs.trace.logits.shape[0:3:2])
    count = max(len(positions) - params.window, 0) + 1
    for one in sliding_windows(inputs, of_given_label, positions, params.window, progress, "Dynamic uncertainty"):
        per_seed[one.seed] += sample_deviation(one.values) / count
    checks, skill = end_of_training(inputs, per_seed, len(positions))
    return masked_result(
        per_seed,
        without_label(inputs.examples),
        checks=(window_check(len(positions), params.window), *checks),
        skill=skill,
        meta={"windows": count},
    )


DYN_UNC = ScoreMethod(
    name="dyn_unc",
    title="Dynamic uncertainty",
    summary="How much the label's probability moved within a few epochs, averaged over training.",
    paper=Paper(
        "He et al.", 2023, "Large-scale Dataset Pruning with Dynamic Uncertainty", "https://arxiv.org/abs/2306.05175"
    ),
    params=DynUncParams,
    group=Group.DYNAMICS,
    direction=Direction.NEUTRAL,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="0 to 0.5 sqrt(J / (J - 1)), J epochs in a window",
    high_means="Its label's probability swings from epoch to epoch: uncertain, worth keeping.",
    low_means="Steadily right, or steadily wrong.",
    cost="One forward pass per epoch (free during training), then T x J x N.",
)
