"""Averaged margin: the lead of the strongest other class over the label, in the probabilities averaged over training.

    p_bar = mean over seeds and epochs of softmax(z);   score_i = max_{c != y} log p_bar_c - log p_bar_y

All reals. HIGH is suspicious: another class was the likelier one over training and seeds together. Averaging comes
before the margin (AUM averages margins): one sure epoch counts for no more than its probability, and the order of
epochs plays no part. The spread stands for the same of each seed alone; the value is not the mean of these. Epoch 0 is
not read. Fails: classes that are alike are suspected together; rare classes that are learned late look wrong;
overtrained networks dilute the early epochs, which know better. Memory: two tables N x C. Pickler,
Kamassury & Silva 2025.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import masked_result, without_label
from core.scores.shared.formulas import margin_over_rest, softmax
from core.scores.shared.trace_moments import require_two_classes, trace_blocks
from core.scores.shared.windows import after_training_began, end_of_training
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class AveragedMarginParams:
    """Settings of the averaged margin."""

    first_epochs: int = param(0, label="First epochs", low=0, help="Read only the first so many epochs; 0 reads all.")


def lead_of_another(
    probabilities: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float[np.ndarray, " row"]:
    """[b] the largest other log-probability minus the label's; probabilities that rounded to 0 count as the least."""
    return -margin_over_rest(np.log(np.maximum(probabilities, np.finfo(np.float64).tiny)), labels)


def _compute(inputs: ScoreInputs, params: AveragedMarginParams, progress: Progress) -> ScoreResult:
    require_two_classes(inputs, "The averaged margin")
    positions = after_training_began(inputs)
    positions = positions[: params.first_epochs or len(positions)]
    seeds, _, size, classes = inputs.trace.logits.shape
    labels, per_seed = np.maximum(inputs.labels, 0), np.zeros((seeds, size))
    together, alone = np.zeros((2, size, classes))
    for block in trace_blocks(inputs, positions, progress, "Averaged margin"):
        if block.position == positions[0]:
            alone[block.rows] = 0.0
        alone[block.rows] += softmax(block.logits) / len(positions)
        if block.position == positions[-1]:
            per_seed[block.seed, block.rows] = lead_of_another(alone[block.rows], block.labels)
            together[block.rows] += alone[block.rows] / seeds
    checks, skill = end_of_training(inputs, per_seed, len(positions))
    result = masked_result(
        per_seed, without_label(inputs.examples), checks=checks, skill=skill, meta={"epochs_read": len(positions)}
    )
    pooled = lead_of_another(together, labels).astype(np.float32)
    return replace(result, values=np.where(np.isnan(result.values), np.float32(np.nan), pooled))


AVERAGED_MARGIN = ScoreMethod(
    name="averaged_margin",
    title="Averaged margin",
    summary="How far another class leads the label in the predictions averaged over training.",
    paper=Paper(
        "Pickler, Kamassury & Silva",
        2025,
        "Benchmarking noisy label detection methods",
        "https://arxiv.org/abs/2510.16211",
    ),
    params=AveragedMarginParams,
    group=Group.DYNAMICS,
    direction=Direction.NOISY,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_clean_core=-1, most_helpful=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="all reals",
    high_means="Another class was likelier over the whole training: probably labeled wrong.",
    low_means="The label was likelier than any other class throughout: clean and easy.",
    cost="One forward pass per epoch (free during training), then T x N x C.",
)
