"""Loss: cross-entropy of the given label.

    loss_i = mean over seeds and the epochs read of -log p_y(x_i)

Range [0, inf). High: hard or mislabeled. Computed by log-sum-exp, so a sure and wrong prediction has a large finite
loss. Its heavy tail makes means over seeds follow the worst seed; ranks are what to read. Fails like EL2N: late epochs
of a network that memorizes have a small loss on wrong labels too. Easy patterns come first: Arpit et al., ICML 2017.
"""

from __future__ import annotations

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.chosen_epochs import score_chosen_epochs
from core.scores.shared.epochs import EpochParams
from core.scores.shared.formulas import cross_entropy
from core.types.methods import Direction, Group, Paper
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def _compute(inputs: ScoreInputs, params: EpochParams, progress: Progress) -> ScoreResult:
    return score_chosen_epochs(inputs, cross_entropy, params.epochs, progress, "Loss")


LOSS = ScoreMethod(
    name="loss",
    title="Loss",
    summary="Cross-entropy of the given label.",
    paper=Paper(
        "Arpit et al.", 2017, "A Closer Look at Memorization in Deep Networks", "https://arxiv.org/abs/1706.05394"
    ),
    params=EpochParams,
    group=Group.DIFFICULTY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_hard=+1, keep_clean_core=-1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    coverage_rank=4,
    range="0 and up",
    high_means="The label is improbable to the networks: hard, or labeled wrong.",
    low_means="The label is probable to the networks: easy.",
    cost="One forward pass per epoch read (free during training), then N x C.",
)
