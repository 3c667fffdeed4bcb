"""The order in which rows go, for one goal and one set of weights."""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.composite import combine
from core.selection.ordering import ascending_rows
from core.types.curation import Rules
from core.types.errors import RulesError
from core.types.methods import Goal
from core.types.ranks import inverse_order
from core.types.registry import check_name

from .view import ScoreView

# A high composite means "go first" for these goals and "stay first" for the others.
DROP_FIRST = frozenset({Goal.FIND_NOISE.value, Goal.REMOVE_REDUNDANT.value, Goal.FIND_OOD.value})


@dataclass(frozen=True, eq=False)
class Ranking:
    """The order in which rows go.

    composite [N] float32, NaN where no weighted score is present. coverage [N]: share of the weight present. order [N]:
    rows, first to go first, then rows without a composite, then locked rows. ranked: how many rows of `order` come
    first because they have a composite and are not locked. drops_first: a high composite goes first.
    What many rules never ask for is made when it is asked for: at a million rows each array takes milliseconds.
    """

    composite: np.ndarray
    coverage: np.ndarray
    order: np.ndarray
    ranked: int
    drops_first: bool

    @cached_property
    def priority(self) -> np.ndarray:
        """[N] float32, high = keep first."""
        return -self.composite if self.drops_first else self.composite

    @cached_property
    def rank(self) -> np.ndarray:
        """[N] int64, 1 = first to go: the inverse of `order`."""
        return inverse_order(self.order)


def goal_of(rules: Rules) -> str:
    """The goal's name, checked."""
    check_name(rules.goal, Goal, "goal", RulesError)
    return str(Goal(rules.goal).value)


def drops_first(goal: str) -> bool:
    """Whether rules drop from the high end of the composite."""
    return goal in DROP_FIRST


def rank_rows(view: ScoreView, rules: Rules) -> Ranking:
    """The ranking of all rows; remembered per goal, weights and transform, so that a moved cut costs nothing here."""
    goal = goal_of(rules)
    key = (
        "ranking",
        goal,
        json.dumps([rules.group_weights, rules.score_weights], sort_keys=True),
        rules.transform,
        rules.aggregator,
        rules.within_class,
        rules.guardrails.lock_held_out,
    )
    return view.remember(key, lambda: _rank(view, rules, goal))


def orientation(view: ScoreView, goal: str) -> dict[str, int]:
    """score -> -1 | 0 | +1 for the goal."""
    return {name: int(column.orientation.get(goal, 0)) for name, column in view.scores.items()}


def score_groups(view: ScoreView) -> dict[str, str]:
    """score -> its group."""
    return {name: column.group for name, column in view.scores.items()}


def _rank(view: ScoreView, rules: Rules, goal: str) -> Ranking:
    lock = rules.guardrails.lock_held_out
    terms = view.terms(rules.transform, rules.within_class, lock)
    # ranks follow the float32 that the export shows, so that sorting its column gives its rank
    result = combine(terms, orientation(view, goal), score_groups(view), rules, np.float32)
    value = result.values if len(view.scores) else np.full(len(view), np.nan, np.float32)
    coverage = result.coverage if len(view.scores) else np.zeros(len(view), np.float32)
    first = drops_first(goal)
    split = (view.training_rows, view.held_out_by_id) if lock else (None, None)
    order = ascending_rows(-value if first else value, view.id_rank, view.id_order, *split)
    ranked = bisect_left(order, True, key=lambda row: bool(np.isnan(value[row]) or (lock and view.held_out[row])))
    return Ranking(value, coverage, order, ranked, first)
