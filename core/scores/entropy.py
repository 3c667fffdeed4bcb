"""Entropy: how undecided the networks are, whatever the label says.

    entropy_i = mean over seeds and the epochs read of  -sum_c p_c log p_c      (divided by log C when normalized)

Range [0, log C] in nats, or [0, 1]. High: ambiguous. It needs no label, so it is defined for every row. Fails: it says
nothing about a wrong label that the networks learned by heart or confidently contradict; overconfident networks give
entropies near 0 everywhere. Shannon 1948; as an uncertainty score: Settles 2009.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.chosen_epochs import score_chosen_epochs
from core.scores.shared.epochs import EpochParams
from core.scores.shared.formulas import entropy
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class EntropyParams(EpochParams):
    """Settings of the entropy."""

    normalized: bool = param(
        False, label="Divide by log C", help="Then 1 is a uniform prediction for any number of classes."
    )


def _compute(inputs: ScoreInputs, params: EntropyParams, progress: Progress) -> ScoreResult:
    classes = inputs.trace.logits.shape[-1]
    unit = np.log(classes) if params.normalized and classes > 1 else 1.0
    return score_chosen_epochs(
        inputs, lambda z, y: entropy(z) / unit, params.epochs, progress, "Entropy", needs_label=False
    )


ENTROPY = ScoreMethod(
    name="entropy",
    title="Entropy",
    summary="How undecided the networks are, whatever the label says.",
    paper=Paper("Settles", 2009, "Active Learning Literature Survey", "https://minds.wisconsin.edu/handle/1793/60660"),
    params=EntropyParams,
    group=Group.DIFFICULTY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="0 to log C (0 to 1 normalized)",
    high_means="The networks hesitate between classes: ambiguous.",
    low_means="The networks are sure, of the label or of another class.",
    cost="One forward pass per epoch read (free during training), then N x C.",
)
