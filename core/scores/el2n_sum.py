"""EL2N summed over the first epochs, as pruning code after the paper uses it.

    EL2N_sum_i = mean over seeds of  sum over the first k epochs of || softmax(z_i) - onehot(y_i) ||_2

Range [0, k sqrt(2)]. High: hard or mislabeled. The same name elsewhere means another number than EL2N at one epoch:
early epochs rank by difficulty, before labels are memorized, and a sum over them is steadier than one of them. Here
logits are read at the end of each epoch in evaluation mode; the code of coverage-centric selection reads each row at
its presentation. Fewer recorded epochs than k are all used. Fails: like EL2N it cannot tell hard from mislabeled; a k
beyond the first epochs adds memorized labels. Paul, Ganguli & Dziugaite 2021; the sum as in Zheng et al. 2023 (CCS).
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import agreement_check, fit_check, masked_result, skill, without_label
from core.scores.shared.formulas import error_norm
from core.scores.shared.trace_moments import final_fit, moments_over_epochs
from core.types.errors import CurationError
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class EL2NSumParams:
    """Settings of the summed EL2N."""

    first_k: int = param(10, label="First epochs", low=1, help="How many recorded epochs, from the first, to sum.")


def _compute(inputs: ScoreInputs, params: EL2NSumParams, progress: Progress) -> ScoreResult:
    epochs = inputs.trace.epochs
    positions = [i for i, epoch in enumerate(epochs) if epoch > 0][: params.first_k]
    if not positions:
        raise CurationError("Only epoch 0, before any training, was recorded.", "Train for one epoch or more.")
    moments = moments_over_epochs(inputs, error_norm, positions, progress, "EL2N, first epochs")
    per_seed = moments.mean * len(positions)
    accuracy = moments.training_accuracy if moments.held_out_accuracy is None else moments.held_out_accuracy
    checks = (
        _length_check(len(positions), params.first_k),
        fit_check(moments.training_accuracy, inputs.labels, at_end=final_fit(inputs).training),
        agreement_check(per_seed),
    )
    return masked_result(
        per_seed,
        without_label(inputs.examples),
        checks=checks,
        skill=skill(accuracy, inputs.labels),
        meta={"epochs_read": [int(epochs[p]) for p in positions]},
    )


def _length_check(used: int, wished: int) -> AssumptionCheck:
    light = Light.GREEN if used == wished else Light.AMBER
    return AssumptionCheck(light, f"{used} of the {wished} first epochs asked for were recorded.", "epochs")


EL2N_SUM = ScoreMethod(
    name="el2n_sum",
    title="EL2N, first epochs",
    summary="How far the predictions of the first epochs are from the given label, summed.",
    paper=Paper(
        "Zheng et al.",
        2023,
        "Coverage-centric Coreset Selection for High Pruning Rates",
        "https://arxiv.org/abs/2210.15809",
    ),
    params=EL2NSumParams,
    group=Group.DIFFICULTY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_hard=+1, keep_clean_core=-1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="0 to k sqrt(2)",
    high_means="The networks disagreed with the label from the start: hard, or labeled wrong.",
    low_means="The networks agreed with the label at once: easy.",
    cost="One forward pass per epoch read (free during training), then k x N x C.",
)
