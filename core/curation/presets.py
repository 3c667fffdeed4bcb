"""Whole sets of rules in plain words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.scores import name_used_for
from core.types.curation import CutKind, Guardrails, Rules, Side, Threshold
from core.types.errors import RulesError
from core.types.methods import Goal, Use
from core.types.registry import find

from .evidence import noise_estimate
from .goals import goal_rules
from .view import ScoreView

_USUAL_NOISE = 0.05  # drop this share where no out-of-fold model can say more
_MOST_NOISE = 0.30  # beyond this, labels need a person, not a rule


@dataclass(frozen=True)
class Preset:
    """`build(view)` gives the rules for one run."""

    name: str
    title: str
    summary: str
    build: Callable[[ScoreView], Rules] = field(repr=False)


def suspected_share(view: ScoreView) -> float:
    """Share of labels to drop as likely errors: what an out-of-fold model doubts, shrunk by how far it beats chance.

    A weak model doubts 1.4 to 4 times too many labels (METHODS: Human label noise). Through an encoder confident
    learning's count is near enough to the truth to be taken as it is.
    """
    column = view.scores.get(name_used_for(Use.SUSPICION))
    if column is not None and (share := column.definition.get("meta", {}).get("suspected_share")) is not None:
        return min(_MOST_NOISE, float(share))
    estimate = noise_estimate(view)
    if estimate is None:
        return _USUAL_NOISE
    chance = 1.0 / max(len(view.class_names), 2)
    skill = max(0.0, (estimate.accuracy - chance) / (1.0 - chance))
    return min(_MOST_NOISE, estimate.share * skill)


def _remove_label_errors(view: ScoreView) -> Rules:
    cut = round(100.0 * (1.0 - suspected_share(view)), 1)
    return replace(
        goal_rules(view, Goal.FIND_NOISE.value),
        preset="remove_label_errors",
        thresholds=(Threshold("composite", CutKind.PERCENTILE, Side.ABOVE, cut),),
    )


def _remove_redundant(view: ScoreView) -> Rules:
    return replace(
        goal_rules(view, Goal.REMOVE_REDUNDANT.value),
        preset="remove_redundant",
        thresholds=(Threshold("composite", CutKind.PERCENTILE, Side.ABOVE, 80.0),),
    )


def _keep_hardest_half(view: ScoreView) -> Rules:
    return replace(
        goal_rules(view, Goal.KEEP_HARD.value),
        preset="keep_hardest_half",
        strategy="top_fraction",
        strategy_params={"keep_fraction": 0.5},
        guardrails=Guardrails(class_cap=0.8),
    )


def _balanced_half(view: ScoreView) -> Rules:
    return replace(
        goal_rules(view, Goal.KEEP_CLEAN_CORE.value),
        preset="balanced_half",
        strategy="class_balanced",
        strategy_params={"keep_fraction": 0.5, "balance": 1.0},
        guardrails=Guardrails(class_cap=None),
    )


def _coverage_third(view: ScoreView) -> Rules:
    beta = round(suspected_share(view), 3)
    return replace(
        goal_rules(view, Goal.FIND_NOISE.value),
        preset="coverage_third",
        strategy="coverage",
        strategy_params={"keep_fraction": 0.33, "beta": beta},
        guardrails=Guardrails(class_cap=None),
    )


PRESETS: tuple[Preset, ...] = (
    Preset(
        "remove_label_errors",
        "Remove likely label errors",
        "Drops the rows whose label most evidence speaks against.",
        _remove_label_errors,
    ),
    Preset(
        "remove_redundant",
        "Remove redundant examples",
        "Drops the fifth that adds least: easy rows close to other rows. One of each group stays.",
        _remove_redundant,
    ),
    Preset(
        "keep_hardest_half",
        "Keep the hardest half",
        "For clean labels only: with label errors this keeps the errors.",
        _keep_hardest_half,
    ),
    Preset(
        "balanced_half",
        "Balanced half",
        "Half of the rows, as equal over the classes as they allow, the cleanest of each.",
        _balanced_half,
    ),
    Preset(
        "coverage_third",
        "Coverage: keep a third",
        "For dropping more than about 60 %: easy and hard rows alike, likely label errors first to go.",
        _coverage_third,
    ),
)


def preset_named(name: str) -> Preset:
    """The registered preset called `name`; raises `RulesError` listing those there are."""
    return find(name, PRESETS, "preset", RulesError)
