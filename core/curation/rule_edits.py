"""Rules in, rules out: one edit of a frozen `Rules` each, as sliders, forms and commands make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.scores import SCORES
from core.types.curation import CutKind, Guardrails, Rules, Side, Threshold
from core.types.errors import RulesError
from core.types.figures import digits
from core.types.methods import Group
from core.types.registry import check_name

from .ranking import drops_first
from .view import ScoreView


def checked_names(view: ScoreView, rules: Rules) -> Rules:
    """The same rules; `RulesError` where they name a score that neither this run nor Chaffinch has, or a family that
    there is not. A score of ours that this run lacks is told as a warning: other rules of the file still hold.
    """
    known = (*view.scores, *(method.name for method in SCORES if method.name not in view.scores))
    for name in rules.score_weights:
        check_name(name, known, "score", RulesError)
    for cut in rules.thresholds:
        check_name(cut.score, ("composite", *known), "score", RulesError)
    for name in rules.group_weights:
        check_name(name, Group, "family of scores", RulesError)
    return rules


def drop_side(rules: Rules) -> Side:
    """The end of the composite that goes first under the goal."""
    return _drop_side(rules.goal)


def _drop_side(goal: str) -> Side:
    return Side.ABOVE if drops_first(goal) else Side.BELOW


def droppable(view: ScoreView, rules: Rules) -> int:
    """Rows that rules may drop: what shares refer to."""
    return int(view.unlocked(rules.guardrails.lock_held_out).sum())


def share(rules: Rules, total: int) -> float | None:
    """Share of the droppable rows that the rules ask to drop by rank, None when something else decides."""
    if "keep_fraction" in rules.strategy_params:
        return 1.0 - float(rules.strategy_params["keep_fraction"])
    cut = next((t for t in rules.thresholds if t.score == "composite" and t.class_name is None), None)
    if rules.strategy != "threshold" or cut is None or cut.kind is CutKind.VALUE:
        return None if rules.strategy != "threshold" or cut is not None else 0.0
    if cut.kind is CutKind.COUNT:
        return min(1.0, cut.cut / max(total, 1))
    return (100.0 - cut.cut if cut.drop is Side.ABOVE else cut.cut) / 100.0


def with_share(rules: Rules, share: float, total: int) -> Rules:
    """Drop that share, by the means that the rules already use."""
    if "keep_fraction" in rules.strategy_params:
        return replace(
            rules, preset=None, strategy_params={**rules.strategy_params, "keep_fraction": round(1.0 - share, 6)}
        )
    rest = tuple(t for t in rules.thresholds if t.score != "composite" or t.class_name is not None)
    if round(share * total) == 0:
        return replace(rules, preset=None, thresholds=rest)
    cut = Threshold("composite", CutKind.COUNT, drop_side(rules), float(round(share * total)))
    return replace(rules, preset=None, thresholds=(cut, *rest))


def with_weights(rules: Rules, groups: Mapping[str, float], scores: Mapping[str, float]) -> Rules:
    """Other weights; a weight of 1 is the default and is not written down."""
    return replace(
        rules,
        preset=None,
        group_weights={k: float(v) for k, v in groups.items()},
        score_weights={k: float(v) for k, v in scores.items()},
    )


def with_goal(rules: Rules, goal: str) -> Rules:
    """Another goal: composite cuts move to the end that the new goal removes; a cut at a value stays where it is."""
    side = _drop_side(goal)
    return replace(rules, goal=goal, preset=None, thresholds=tuple(_moved(t, side) for t in rules.thresholds))


def _moved(cut: Threshold, side: Side) -> Threshold:
    if cut.score != "composite" or cut.kind is CutKind.VALUE or cut.drop is side:
        return cut
    return replace(cut, drop=side, cut=round(100.0 - cut.cut, 6) if cut.kind is CutKind.PERCENTILE else cut.cut)


def with_strategy(rules: Rules, name: str, params: Mapping[str, Any]) -> Rules:
    """Another strategy with its settings; composite cuts belong to `threshold` alone."""
    thresholds = rules.thresholds
    if name != "threshold":
        thresholds = tuple(t for t in thresholds if t.score != "composite")
    return replace(rules, preset=None, strategy=name, strategy_params=dict(params), thresholds=thresholds)


def with_answer(rules: Rules, before: Guardrails) -> Rules:
    """Rules made anew, with what a person answered about near-duplicates: that was about the data, not the rules."""
    if before.duplicates not in ("keep_best_agreed", "exact"):
        return rules
    guard = replace(rules.guardrails, duplicates=before.duplicates, duplicate_similarity=before.duplicate_similarity)
    return replace(rules, guardrails=guard)


def with_threshold(rules: Rules, added: Threshold) -> Rules:
    """The rules with this cut, in place of one on the same score, class and side; under the strategy `threshold`."""
    rules = rules if rules.strategy == "threshold" else with_strategy(rules, "threshold", {})
    same = (added.score, added.class_name, added.drop)
    rest = tuple(t for t in rules.thresholds if (t.score, t.class_name, t.drop) != same)
    return replace(rules, preset=None, thresholds=(*rest, added))


def without_threshold(rules: Rules, number: int) -> Rules:
    """The rules without the cut of this number, counted from 0."""
    return replace(rules, preset=None, thresholds=rules.thresholds[:number] + rules.thresholds[number + 1 :])


def threshold_words(threshold: Threshold, title: str) -> str:
    """A cut in one sentence."""
    where = f" in class {threshold.class_name}" if threshold.class_name else ""
    end = "highest" if threshold.drop is Side.ABOVE else "lowest"
    if threshold.kind is CutKind.COUNT:
        return f"Drop the {int(threshold.cut):,} {end} by {title}{where}"
    unit = "percentile " if threshold.kind is CutKind.PERCENTILE else ""
    return f"Drop {threshold.drop} {unit}{digits(threshold.cut)} of {title}{where}"


def with_settings(rules: Rules, composite: Mapping[str, Any], guardrails: Mapping[str, Any]) -> Rules:
    """Other fields of the rules and of their guardrails; None leaves one as it is, and the preset when all are None."""
    changed, guarded = ({k: v for k, v in values.items() if v is not None} for values in (composite, guardrails))
    if not changed and not guarded:
        return rules
    return replace(rules, preset=None, guardrails=replace(rules.guardrails, **guarded), **changed)
