"""Loss reduction: how much of an example's loss further training is expected to take away.

    loss_t ~ q w^t, a line through log loss_t over the first epochs;   score_i = q (1 - w^R)        (mean over seeds)

t is the number of the epoch, R the `horizon` (0: the last recorded epoch), w held in (0, 1]: a loss that does not fall
has nothing to lose and scores 0. Range [0, inf). HIGH: much loss that falls, kept by the paper; low: easy from the
start, or not learnable. Losses below 1e-6 count as 1e-6, where they are rounding. Fails: a curve that is no
exponential (a wrong label that is learned by heart late: its loss stays, then falls); two epochs are a line
through two points; a bad fit is not told per row, the light says how well the curves fit together. MRMC, ICML 2025.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import masked_result, without_label
from core.scores.shared.formulas import cross_entropy
from core.scores.shared.trace_moments import trace_blocks
from core.scores.shared.windows import after_training_began, end_of_training
from core.types.errors import CurationError
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_LEAST = 1e-6  # below it a loss is what single precision rounds to, and its logarithm noise


@dataclass(frozen=True)
class LossReductionParams:
    """Settings of the loss reduction."""

    first_epochs: int = param(20, label="First epochs", low=2, help="How many epochs the curve is fitted to.")
    horizon: int = param(0, label="Horizon", low=0, help="Up to which epoch loss is to fall; 0: the last recorded.")


@dataclass(frozen=True, eq=False)
class LogLines:
    """level, slope [S, N] of the line through log loss; explained: the lines' share of the variance of all rows."""

    level: Float[np.ndarray, "seed example"]
    slope: Float[np.ndarray, "seed example"]
    explained: float


def _lines(inputs: ScoreInputs, positions: list[int], progress: Progress) -> LogLines:
    """One pass: sums of the log loss since the first epoch, of it times the centered epoch, of its square."""
    epochs = np.array([inputs.trace.epochs[p] for p in positions], dtype=np.float64)
    away = dict(zip(positions, epochs - epochs.mean(), strict=True))
    first, mean, slope, squares = np.zeros((4, *inputs.trace.logits.shape[0:3:2]))
    for block in trace_blocks(inputs, positions, progress, "Loss reduction"):
        value, at = np.log(np.maximum(cross_entropy(block.logits, block.labels), _LEAST)), (block.seed, block.rows)
        if block.position == positions[0]:
            first[at] = value
        value = value - first[at]  # so that a loss that stays has a slope of exactly 0
        mean[at] += value / len(positions)
        slope[at] += away[block.position] * value
        squares[at] += value**2
    spread = sum(one**2 for one in away.values())
    slope /= spread
    around = float((squares - len(positions) * mean**2).sum())
    explained = float((slope**2 * spread).sum()) / around if around > 0 else 1.0
    return LogLines(first + mean - slope * epochs.mean(), slope, explained)


def _compute(inputs: ScoreInputs, params: LossReductionParams, progress: Progress) -> ScoreResult:
    positions = after_training_began(inputs)[: params.first_epochs]
    if len(positions) < 2:
        raise CurationError("One recorded epoch shows no fall of the loss.", "Record two epochs or more.")
    lines = _lines(inputs, positions, progress)
    horizon = params.horizon or int(inputs.trace.epochs[-1])
    falling = np.minimum(lines.slope, 0.0)
    per_seed = np.where(falling < 0, -np.exp(lines.level) * np.expm1(horizon * falling), 0.0)
    checks, skill = end_of_training(inputs, per_seed, len(positions))
    return masked_result(
        per_seed,
        without_label(inputs.examples),
        checks=(_curve_check(lines.explained), *checks),
        skill=skill,
        meta={"epochs_read": [int(inputs.trace.epochs[p]) for p in positions], "horizon": horizon},
    )


def _curve_check(explained: float) -> AssumptionCheck:
    light = Light.GREEN if explained >= 0.7 else Light.AMBER if explained >= 0.3 else Light.RED
    return AssumptionCheck(light, f"The curves explain {explained:.0%} of how the log losses moved.", "curves")


LOSS_REDUCTION = ScoreMethod(
    name="loss_reduction",
    title="Loss reduction",
    summary="How much of the loss further training is expected to take away.",
    paper=Paper(
        "MRMC", 2025, "Maximum Reduction as Maximum Contribution", "https://openreview.net/forum?id=UeGo9RmpRY"
    ),
    params=LossReductionParams,
    group=Group.DYNAMICS,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="0 upwards",
    high_means="Much loss, and it falls: there is something to learn.",
    low_means="Learned at once, or its loss does not fall.",
    cost="One forward pass per early epoch (free during training), then T x N x C.",
    least_epochs=2,
)
