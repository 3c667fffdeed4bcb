"""GraNd of the predicted label: length of the last layer's gradient as if the prediction were the label.

    grand_predicted_i = mean over seeds and the kept epochs read of ||p_i - onehot(argmax p_i)|| sqrt(||h_i||^2 + 1)

(p is the softmax, the + 1 the bias). From 0 up. High: no label that it may turn out to have would leave the last layer
as it is, so that rows without a label have an order: what to label next. It is the least gradient length over all
labels, hence never above `grand_last`; the given label plays no part. Fails: a row whose confident prediction is wrong
scores 0 and hides; features of very different length drown the doubt; the last layer alone, not the whole network; the
top rows resemble each other, so that a batch to label wants spread as well. Ash, Zhang, Krishnamurthy, Langford &
Agarwal 2020 (BADGE, the length of its gradient embedding).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.checkpoints import last_layer_squares, score_checkpoints
from core.scores.shared.epochs import EpochParams
from core.types.evidence import CheckpointEvidence
from core.types.methods import Direction, Group, Paper
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def least_gradient_length(
    one: CheckpointEvidence, _: Integer[np.ndarray, " example"] | None = None
) -> Float[np.ndarray, " example"]:
    """[N] float64 norm of the last layer's gradient with the prediction for a label; given labels are not read."""
    return np.sqrt(last_layer_squares(one, np.asarray(one.logits).argmax(axis=1)))


def _compute(inputs: ScoreInputs, params: EpochParams, progress: Progress) -> ScoreResult:
    return score_checkpoints(
        inputs, least_gradient_length, params.epochs, progress, "GraNd, predicted label", needs_label=False
    )


GRAND_PREDICTED = ScoreMethod(
    name="grand_predicted",
    title="GraNd, predicted label",
    summary="Length of the last layer's loss gradient if the prediction were the label.",
    paper=Paper(
        "Ash et al.",
        2020,
        "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds",
        "https://arxiv.org/abs/1906.03671",
    ),
    params=EpochParams,
    group=Group.DIFFICULTY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, remove_redundant=-1),
    needs=(Signal.FEATURES,),
    compute=_compute,
    range="0 and up",
    high_means="Any label would change the last layer a lot: undecided, worth labeling next.",
    low_means="The networks are sure, of the label or of another class.",
    cost="One forward pass per kept checkpoint read, then N x (d + C).",
)
