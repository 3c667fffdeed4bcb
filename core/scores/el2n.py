"""EL2N: how far the predicted probabilities are from the given label.

    EL2N_i = mean over seeds and the epochs read of || softmax(z_i) - onehot(y_i) ||_2

Range [0, sqrt(2)]: 0 is a sure and right prediction, sqrt(1 - 1/C) a uniform one, sqrt(2) a sure and wrong one. High:
hard or mislabeled, and it cannot tell which. Fails: late epochs of a network that memorizes say how well a row was
memorized, not how hard it is (40 % flipped labels on digits: AUROC .995 at epoch 5, .86 at epoch 60), hence the choice
of epochs; one seed is noisy (the paper averages ten). Paul, Ganguli & Dziugaite, NeurIPS 2021.
"""

from __future__ import annotations

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.chosen_epochs import score_chosen_epochs
from core.scores.shared.epochs import EpochParams
from core.scores.shared.formulas import error_norm
from core.types.methods import Direction, Group, Paper
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def _compute(inputs: ScoreInputs, params: EpochParams, progress: Progress) -> ScoreResult:
    return score_chosen_epochs(inputs, error_norm, params.epochs, progress, "EL2N")


EL2N = ScoreMethod(
    name="el2n",
    title="EL2N",
    summary="How far the predicted probabilities are from the given label.",
    paper=Paper("Paul, Ganguli & Dziugaite", 2021, "Deep Learning on a Data Diet", "https://arxiv.org/abs/2107.07075"),
    params=EpochParams,
    group=Group.DIFFICULTY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_hard=+1, keep_clean_core=-1, remove_redundant=-1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    coverage_rank=2,
    range="0 to sqrt(2)",
    high_means="The networks disagree with the label: hard, or labeled wrong.",
    low_means="The networks are sure of the label: easy.",
    cost="One forward pass per epoch read (free during training), then N x C.",
)
