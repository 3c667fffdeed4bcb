"""Rules to start from: weights that fit a goal and a run, and a wanted fraction."""

from __future__ import annotations

from dataclasses import replace

from core.composite import agreement_with_others
from core.scores import name_used_for
from core.selection import strategy_named
from core.types.curation import Rules
from core.types.errors import RulesError
from core.types.methods import Goal, Use

from .ranking import goal_of, orientation, score_groups
from .view import ScoreView

_UNKNOWN_SKILL = 0.5  # halfway between chance and perfect, for scores that cannot tell
_LEAST_WEIGHT = 0.01  # no evidence at all still leaves an order


def goal_rules(view: ScoreView, goal: str) -> Rules:
    """Rules for a goal without a cut: nothing is dropped yet.

    For find_noise a score counts by skill squared times its agreement with the other groups, because an equal-weight
    mean of good scores is no better than the best of them (METHODS: Human label noise). Skill is measured on the given
    labels, the agreement among the scores: nothing is fitted to known faults. The other goals weigh all groups alike.
    Where a run has the score that was made to find wrong labels through an encoder, that score alone counts: a vote of
    all others beside it was never better by more than it was worse.
    """
    rules = Rules(goal=goal)
    rules = replace(rules, goal=goal_of(rules))
    if rules.goal != Goal.FIND_NOISE.value or not view.scores:
        return rules
    weights = evidence_weights(view)
    groups = score_groups(view)
    alone = name_used_for(Use.SUSPICION)
    if alone in weights:
        others = dict.fromkeys((groups[name] for name in weights), 0.0)
        return replace(
            rules,
            score_weights={**dict.fromkeys(weights, 0.0), alone: 1.0},
            group_weights={**others, groups[alone]: 1.0},
        )
    group_weights: dict[str, float] = {}
    for group in dict.fromkeys(groups[name] for name in weights):
        inside = [w for name, w in weights.items() if groups[name] == group]
        group_weights[group] = round(sum(inside) / len(inside), 3)
    return replace(rules, score_weights=weights, group_weights=group_weights)


def evidence_weights(view: ScoreView) -> dict[str, float]:
    """score -> weight in 0.01..1 for find_noise; the strongest gets 1. Scores that do not bear on noise are absent."""
    signs = orientation(view, Goal.FIND_NOISE.value)
    agreement = agreement_with_others(view.terms(), signs, score_groups(view))
    raw = {}
    for name, agrees in agreement.items():
        skill = view.scores[name].skill
        raw[name] = (_UNKNOWN_SKILL if skill is None else max(skill, 0.0)) ** 2 * agrees
    top = max(raw.values(), default=0.0)
    return {name: max(_LEAST_WEIGHT, round(w / top, 3)) if top > 0 else 1.0 for name, w in raw.items()}


def keep_fraction_rules(rules: Rules, fraction: float) -> Rules:
    """The same goal and weights, keeping this share of the training rows.

    Cuts and the cap per class give way, because the share was asked for; floor, duplicates and lock stay. Raises
    `RulesError` for a share outside 0..1.
    """
    if not 0.0 <= fraction <= 1.0:
        raise RulesError(f"The fraction to keep is {fraction}.", "Give a number from 0 to 1.")
    name = rules.strategy if strategy_named(rules.strategy).uses_fraction else "top_fraction"
    params = {**(rules.strategy_params if name == rules.strategy else {}), "keep_fraction": float(fraction)}
    return replace(
        rules,
        strategy=name,
        strategy_params=params,
        thresholds=(),
        guardrails=replace(rules.guardrails, class_cap=None),
    )
