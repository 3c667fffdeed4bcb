"""TDDS: how unevenly an example's predictions moved within a few epochs, the late windows counting most.

    d_t = sum_c | p_{t+1,c} log(p_{t+1,c} / p_{t,c}) |                      p_t: the softmax after epoch t
    tdds_i = sum over windows k of  0.9 * 0.1^(last - k) * || (d_k, ..., d_{k+J-1}) - their mean ||_2

Range [0, inf). HIGH: its predictions still jump, kept by the paper. The label plays no part, so that unlabeled rows
have a value. The authors read fewer epochs in smaller windows the more is pruned (T, J = 90, 10 at 30 %; 70, 10 at 50
%; 60, 20 at 70 %; 20, 10 at 80 %; 10, 5 at 90 %): `first_epochs` and `window`. The late windows decide nearly alone
(the last weighs ten times the one before). Fails: two recorded epochs give one step and the value 0; confident networks
have long logarithms, and a single wild epoch fills a window. Zhang, Du, Li, Xie & Zhou 2024.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import masked_result
from core.scores.shared.formulas import log_softmax
from core.scores.shared.trace_moments import Block
from core.scores.shared.windows import after_training_began, end_of_training, sliding_windows, window_check
from core.types.errors import CurationError
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal

_NEWEST, _OLDER = 0.9, 0.1  # the published moving average


@dataclass(frozen=True)
class TDDSParams:
    """Settings of TDDS."""

    window: int = param(10, label="Steps in a window", low=2, help="How many steps from epoch to epoch each looks at.")
    first_epochs: int = param(0, label="First epochs", low=0, help="Read only the first so many epochs; 0 reads all.")


def movement(
    before: Float[np.ndarray, "row class"], after: Float[np.ndarray, "row class"]
) -> Float[np.ndarray, " row"]:
    """[b] sum over classes of |p log(p / q)|, from the logits of p (`after`) and q (`before`)."""
    log_p = log_softmax(after)
    return np.abs(np.exp(log_p) * (log_p - log_softmax(before))).sum(axis=1)


def _compute(inputs: ScoreInputs, params: TDDSParams, progress: Progress) -> ScoreResult:
    positions = after_training_began(inputs)
    positions = positions[: params.first_epochs or len(positions)]
    if len(positions) < 2:
        raise CurationError("TDDS reads steps from epoch to epoch, and one epoch has none.", "Record two or more.")
    earlier = dict(zip(positions[1:], positions[:-1], strict=True))
    logits = inputs.trace.logits

    def moved(block: Block) -> Float[np.ndarray, " row"]:
        if block.position not in earlier:
            return np.zeros(len(block.labels))
        before = np.asarray(logits[block.seed, earlier[block.position], block.rows], dtype=np.float64)
        return movement(before, block.logits)

    steps = len(positions) - 1
    length, per_seed = min(params.window, steps), np.zeros(logits.shape[0:3:2])
    for one in sliding_windows(inputs, moved, positions, length, progress, "TDDS"):
        if one.number:  # the window that holds the first epoch holds no step that led there
            length_of = np.linalg.norm(one.values - one.values.mean(axis=0), axis=0)
            per_seed[one.seed] = _OLDER * per_seed[one.seed] + _NEWEST * length_of
    checks, skill = end_of_training(inputs, per_seed, len(positions))
    checks = (window_check(steps, params.window), *checks)
    return masked_result(per_seed, {}, checks=checks, skill=skill, meta={"windows": steps - length + 1})


TDDS = ScoreMethod(
    name="tdds",
    title="TDDS",
    summary="How unevenly the prediction moved from epoch to epoch, late epochs most.",
    paper=Paper(
        "Zhang et al.",
        2024,
        "Spanning Training Progress: Temporal Dual-Depth Scoring (TDDS) for Enhanced Dataset Pruning",
        "https://arxiv.org/abs/2311.13613",
    ),
    params=TDDSParams,
    group=Group.DYNAMICS,
    direction=Direction.NEUTRAL,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="0 upwards",
    high_means="Its prediction still jumps from epoch to epoch: worth keeping.",
    low_means="Its prediction moves evenly, or not at all.",
    cost="One forward pass per epoch (free during training), then T x N x (C + J).",
    least_epochs=2,
)
