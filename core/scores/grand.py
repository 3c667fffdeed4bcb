"""GraNd: length of the loss gradient over all parameters.

    GraNd_i = mean over seeds and the kept epochs read of || d loss_i / d theta ||_2

From 0 up. High: hard or mislabeled, like EL2N but more dearly. Fails: before training. GraNd at initialization follows
the input's norm and prunes no better than random (Kirsch 2023; the original claim came from a checkpoint restored by
mistake), so epoch 0 is only used when asked for by number, under a red light. Networks with batch normalization must be
read in evaluation mode. Paul, Ganguli & Dziugaite, NeurIPS 2021.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.checkpoints import score_checkpoints
from core.scores.shared.epochs import EpochParams
from core.types.errors import CurationError
from core.types.evidence import CheckpointEvidence
from core.types.methods import Direction, Group, Paper
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def _norm(one: CheckpointEvidence, labels: Integer[np.ndarray, " example"]) -> Float[np.ndarray, " example"]:
    if one.gradient_norm is None:
        raise CurationError(
            f"The checkpoint of epoch {one.checkpoint.epoch} has no gradient norms.",
            "Run it with a network, or leave this score out.",
        )
    # A row without a label has no loss gradient: whatever stands there is left out of the result.
    return np.where(labels >= 0, np.asarray(one.gradient_norm, dtype=np.float64), 0.0)


def _compute(inputs: ScoreInputs, params: EpochParams, progress: Progress) -> ScoreResult:
    labels = inputs.labels
    return score_checkpoints(inputs, lambda one, _: _norm(one, labels), params.epochs, progress, "GraNd")


GRAND = ScoreMethod(
    name="grand",
    title="GraNd",
    summary="Length of the loss gradient over all parameters.",
    paper=Paper("Paul, Ganguli & Dziugaite", 2021, "Deep Learning on a Data Diet", "https://arxiv.org/abs/2107.07075"),
    params=EpochParams,
    group=Group.DIFFICULTY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_hard=+1, keep_clean_core=-1, remove_redundant=-1),
    needs=(Signal.GRADIENT_NORM,),
    compute=_compute,
    range="0 and up",
    high_means="Would change the network a lot: hard, or labeled wrong.",
    low_means="Would change the network little: easy.",
    cost="One forward and backward pass per kept checkpoint read.",
)
