"""Margin: the label's lead over the strongest other class.

    margin_i = mean over seeds and the epochs read of  p_y - max_{c != y} p_c     (or the same on logits)

Range [-1, 1] on probabilities, all reals on logits. HIGH is easy, LOW is suspect: below 0 another class is preferred.
Probability margins saturate at 1 for easy rows; logit margins keep their order but are not comparable between runs.
Adding a constant to all logits changes neither. Fails like EL2N at late epochs of a network that memorizes.
As a measure of uncertainty: Scheffer, Decomain & Wrobel, IDA 2001.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.chosen_epochs import score_chosen_epochs
from core.scores.shared.epochs import EpochParams
from core.scores.shared.formulas import logit_margin, probability_margin
from core.scores.shared.trace_moments import require_two_classes
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class MarginParams(EpochParams):
    """Settings of the margin."""

    space: str = param(
        "probability",
        label="Measured on",
        choices=("probability", "logit"),
        help="Probabilities are comparable between runs; logits do not saturate.",
    )


def _compute(inputs: ScoreInputs, params: MarginParams, progress: Progress) -> ScoreResult:
    require_two_classes(inputs, "The margin")
    formula = probability_margin if params.space == "probability" else logit_margin
    return score_chosen_epochs(inputs, formula, params.epochs, progress, "Margin")


MARGIN = ScoreMethod(
    name="margin",
    title="Margin",
    summary="The label's lead over the strongest other class.",
    paper=Paper(
        "Scheffer, Decomain & Wrobel",
        2001,
        "Active Hidden Markov Models for Information Extraction",
        "https://doi.org/10.1007/3-540-44816-0_31",
    ),
    params=MarginParams,
    group=Group.DIFFICULTY,
    direction=Direction.TYPICAL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, most_helpful=+1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="-1 to 1 (probabilities)",
    high_means="The label leads clearly: easy and typical.",
    low_means="Another class leads: hard, or labeled wrong.",
    cost="One forward pass per epoch read (free during training), then N x C.",
)
