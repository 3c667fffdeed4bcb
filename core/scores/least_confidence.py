"""Least confidence: how much probability the networks leave to all but their favorite class.

    least_confidence_i = mean over seeds and the epochs read of  1 - max_c p_c

Range [0, 1 - 1/C]. High: ambiguous. It is taken on probabilities (largest raw logits, used by some pruning code, are
not comparable between rows) and as the sum of the other probabilities, so that sure predictions keep their order. It
needs no label and is defined for every row. Fails: it says nothing about a wrong label that the networks learned by
heart or confidently contradict; hence oriented like entropy; overconfident networks give values near 0 everywhere.
Lewis & Gale 1994; as an uncertainty score: Settles 2009.
"""

from __future__ import annotations

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.chosen_epochs import score_chosen_epochs
from core.scores.shared.epochs import EpochParams
from core.scores.shared.formulas import doubt
from core.types.methods import Direction, Group, Paper
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def _compute(inputs: ScoreInputs, params: EpochParams, progress: Progress) -> ScoreResult:
    return score_chosen_epochs(inputs, doubt, params.epochs, progress, "Least confidence", needs_label=False)


LEAST_CONFIDENCE = ScoreMethod(
    name="least_confidence",
    title="Least confidence",
    summary="How much probability is left to all but the predicted class.",
    paper=Paper(
        "Lewis & Gale",
        1994,
        "A Sequential Algorithm for Training Text Classifiers",
        "https://arxiv.org/abs/cmp-lg/9407020",
    ),
    params=EpochParams,
    group=Group.DIFFICULTY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="0 to 1 - 1/C",
    high_means="No class is a clear favorite: ambiguous.",
    low_means="The networks are sure, of the label or of another class.",
    cost="One forward pass per epoch read (free during training), then N x C.",
)
