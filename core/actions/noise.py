"""How many labels are wrong: a random sample that a person answers, and the rate with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.curation import ScoreView, evidence
from core.evaluation import noise
from core.runs.read import judging
from core.scores import name_used_for
from core.store import Run
from core.types.checks import NoiseEstimate, NoiseRate
from core.types.curation import Decision, Rules
from core.types.errors import RunError
from core.types.methods import Use

_ESTIMATE = (
    "out_of_fold_accuracy",
    "flagged_labels",
    "noise_rate",
    "noise_by_class",
    "most_mixed_up",
    "confident_counts",
    "confident_joint",
)


def noise_estimate(run: Run) -> dict[str, Any]:
    """How many labels confident learning takes to be wrong: rates, pairs mixed up, the confident joint.

    Raises `RunError` for a run whose scores hold no such estimate.
    """
    name = name_used_for(Use.NOISE_ESTIMATE)
    meta = run.score(name).meta
    if "noise_rate" not in meta:
        raise RunError(f"This run has no noise rate beside its {name.replace('_', ' ')}.", f"Score it again: {name}.")
    return {key: meta[key] for key in _ESTIMATE if key in meta}


def judges(run: Run) -> tuple[str, ...]:
    """The models compared as judges of the labels, the best first, each with its accuracy; () without a comparison."""
    return judging.judges(run)


def judge_line(run: Run) -> str:
    """Who judged and the out-of-fold accuracy, in one sentence; "" for a run whose labels nobody judged."""
    return judging.judge_line(run)


def label_doubt(view: ScoreView) -> NoiseEstimate | None:
    """Share of labels that models which did not see the row doubt, and how often those are right; None without them."""
    return evidence.noise_estimate(view)


def review_sample(view: ScoreView, per_stratum: int = 50) -> tuple[str, ...]:
    """Ids of a random sample of suspected and other training rows, to be reviewed for the noise rate."""
    return noise.review_sample(view, per_stratum).ids


def sample_answers(view: ScoreView, decisions: Mapping[str, Decision]) -> dict[str, str]:
    """id -> "right", "wrong" or "unsure", for the rows of the sample that a person has answered."""
    return noise.answers(review_sample(view), decisions)


def answer_words(said: Decision | None) -> str:
    """What one decision answers: "right", "wrong" or "unsure", "" while it answers nothing."""
    return noise.answer_words(said)


def noise_rate(view: ScoreView, decisions: Mapping[str, Decision], per_stratum: int = 50) -> NoiseRate:
    """Share of wrong labels from what was reviewed of the sample, with its interval; the model's doubt beside it."""
    return noise.noise_rate(view, decisions, per_stratum)


def cut_rules(view: ScoreView, cut: int) -> Rules:
    """Rules that drop the `cut` most suspected rows (see `NoiseRate.cut`)."""
    return noise.cut_rules(view, cut)
