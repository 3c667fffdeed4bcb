"""Margin on logits: the label's lead over the strongest other class, before it saturates.

    margin_logit_i = mean over seeds and the epochs read of  z_y - max_{c != y} z_c

All reals. HIGH is easy, LOW is suspect: below 0 another class is preferred. Where probability margins are all 1, logit
margins still order the easy rows. Fails: they grow with training and are not comparable between runs; late epochs of a
network that memorizes lead for wrong labels too. With two classes it is the logit difference, plus or minus. Adding a
constant to all logits changes nothing. Oriented like the probability margin. Averaged over all epochs it is AUM. As a
measure of uncertainty: Scheffer, Decomain & Wrobel 2001.
"""

from __future__ import annotations

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.chosen_epochs import score_chosen_epochs
from core.scores.shared.epochs import EpochParams
from core.scores.shared.formulas import logit_margin
from core.scores.shared.trace_moments import require_two_classes
from core.types.methods import Direction, Group, Paper
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


def _compute(inputs: ScoreInputs, params: EpochParams, progress: Progress) -> ScoreResult:
    require_two_classes(inputs, "The margin")
    return score_chosen_epochs(inputs, logit_margin, params.epochs, progress, "Margin on logits")


MARGIN_LOGIT = ScoreMethod(
    name="margin_logit",
    title="Margin on logits",
    summary="The lead of the label's logit over the strongest other logit.",
    paper=Paper(
        "Scheffer, Decomain & Wrobel",
        2001,
        "Active Hidden Markov Models for Information Extraction",
        "https://doi.org/10.1007/3-540-44816-0_31",
    ),
    params=EpochParams,
    group=Group.DIFFICULTY,
    direction=Direction.TYPICAL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, most_helpful=+1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="all reals",
    high_means="The label leads clearly: easy and typical.",
    low_means="Another class leads: hard, or labeled wrong.",
    cost="One forward pass per epoch read (free during training), then N x C.",
)
