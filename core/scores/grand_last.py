"""GraNd of the last layer: length of the loss gradient over the classifier head only.

    grand_last_i = mean over seeds and the kept epochs read of ||softmax(z_i) - onehot(y_i)|| sqrt(||h_i||^2 + 1)

(the + 1 is the bias). From 0 up. High: hard or mislabeled. EL2N times the length of the features h: no backward pass.
Fails: features of very different length drown the error; a saturated head says little. Usual stand-in for GraNd in
pruning libraries. Paul, Ganguli & Dziugaite, NeurIPS 2021; last layer as in Guo, Zhao & Bai 2022 (DeepCore).
"""

from __future__ import annotations

import numpy as np

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.checkpoints import last_layer_squares, score_checkpoints
from core.scores.shared.epochs import EpochParams
from core.types.methods import Direction, Group, Paper
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def _compute(inputs: ScoreInputs, params: EpochParams, progress: Progress) -> ScoreResult:
    return score_checkpoints(
        inputs,
        lambda one, labels: np.sqrt(last_layer_squares(one, labels)),
        params.epochs,
        progress,
        "GraNd, last layer",
    )


GRAND_LAST = ScoreMethod(
    name="grand_last",
    title="GraNd, last layer",
    summary="Length of the loss gradient over the last layer.",
    paper=Paper(
        "Guo, Zhao & Bai",
        2022,
        "DeepCore: A Comprehensive Library for Coreset Selection",
        "https://arxiv.org/abs/2204.08499",
    ),
    params=EpochParams,
    group=Group.DIFFICULTY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_hard=+1, keep_clean_core=-1, remove_redundant=-1),
    needs=(Signal.FEATURES,),
    compute=_compute,
    range="0 and up",
    high_means="Would change the last layer a lot: hard, or labeled wrong.",
    low_means="Would change the last layer little: easy.",
    cost="One forward pass per kept checkpoint read, then N x (d + C).",
)
