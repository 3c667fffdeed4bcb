"""What a small move of each weight would change, and which rows a change of rules moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from core.types.comparisons import WeightEffect
from core.types.curation import Decision, Outcome, Rules

from .apply import apply_rules
from .ranking import goal_of, orientation, score_groups
from .view import ScoreView

STEP = 0.25  # a quarter of the weight that everything begins with


def sensitivity(
    view: ScoreView, rules: Rules, decisions: Mapping[str, Decision], step: float = STEP
) -> tuple[WeightEffect, ...]:
    """Each weight that bears on the goal, moved alone, the one that flips most rows first.

    Weights of scores count within their group, so a group's only score cannot flip anything and is left out.
    """
    now = apply_rules(view, rules, decisions).kept
    effects = []
    for kind, name in _movable(view, rules):
        weight = (rules.group_weights if kind == "group" else rules.score_weights).get(name, 1.0)
        down, up = (
            int((apply_rules(view, _moved(rules, kind, name, to), decisions).kept != now).sum())
            for to in (max(0.0, weight - step), weight + step)
        )
        effects.append(WeightEffect(kind, name, weight, down, up))
    return tuple(sorted(effects, key=lambda e: (-max(e.flips_down, e.flips_up), e.kind, e.name)))


def changed_side(before: Outcome, after: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """(rows dropped now and kept before, rows kept now and dropped before), each in the order they go."""
    gone, back = np.flatnonzero(before.kept & ~after.kept), np.flatnonzero(~before.kept & after.kept)
    return gone[np.argsort(after.rank[gone], kind="stable")], back[np.argsort(after.rank[back], kind="stable")]


def _movable(view: ScoreView, rules: Rules) -> list[tuple[str, str]]:
    groups = score_groups(view)
    speaking = [name for name, sign in orientation(view, goal_of(rules)).items() if sign]
    present = dict.fromkeys(groups[name] for name in speaking)
    members = {group: [n for n in speaking if groups[n] == group] for group in present}
    movable_groups = [("group", group) for group in present] if len(present) > 1 else []
    return movable_groups + [("score", name) for names in members.values() if len(names) > 1 for name in names]


def _moved(rules: Rules, kind: str, name: str, to: float) -> Rules:
    if kind == "group":
        return replace(rules, group_weights={**rules.group_weights, name: to})
    return replace(rules, score_weights={**rules.score_weights, name: to})
