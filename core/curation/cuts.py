"""What the rules alone would drop: thresholds and a strategy, with the cut that decided each row."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.scores import coverage_scores
from core.selection import Cut, StrategyInputs, apply_in_order, apply_threshold, strategy_named
from core.types.curation import Rules, Side, Threshold
from core.types.errors import RulesError
from core.types.methods import Direction, Goal
from core.types.params import params_from_dict

from .ranking import Ranking, drops_first, orientation
from .view import ScoreView

_MOST_CODES = 64  # one bit each, and numpy has no wider integer
_MARKS = 8  # codes that guardrails, duplicates and people add


@dataclass(eq=False)
class Cuts:
    """Filled step by step, then only read.

    dropped [N] bool; by_other [N] bool: dropped for more than being like another row; bits [N] unsigned over `codes`;
    threshold, margin [N] float32: for a dropped row the first cut that dropped it, else the first that looked at it.
    """

    dropped: np.ndarray
    by_other: np.ndarray
    bits: np.ndarray
    threshold: np.ndarray
    margin: np.ndarray
    codes: list[str] = field(default_factory=list)

    def bit(self, code: str) -> np.unsignedinteger:
        """The bit of a code, added when new."""
        if code not in self.codes:
            self.codes.append(code)
        return self.bits.dtype.type(1 << self.codes.index(code))

    def note(
        self, eligible: np.ndarray, gone: np.ndarray, cut: np.float32, margin: np.ndarray, code: str, redundancy: bool
    ) -> None:
        """Record one rule: rows it looked at ([N] bool), rows it drops (row numbers), its cut and margins [N]."""
        newly = np.zeros(len(self.dropped), bool)
        newly[gone] = True
        decided = eligible
        if self.codes:  # an earlier rule has had its say about some of them
            decided = eligible & ~self.dropped & (newly | np.isnan(self.margin))
        self.threshold = np.where(decided, cut, self.threshold)  # several times faster than writing through a mask
        self.margin = np.where(decided, margin, self.margin)
        self.dropped |= newly
        self.bits |= newly * self.bit(code)
        if not redundancy:
            self.by_other |= newly


def make_cuts(view: ScoreView, rules: Rules, ranking: Ranking, candidates: np.ndarray) -> Cuts:
    """Apply every threshold to the unlocked rows, and the strategy to `candidates` [N] bool (no twins among them).

    Raises `RulesError` for thresholds on more ends of scores than an outcome has bits for.
    """
    size = len(view)
    codes = len({(t.score, t.drop) for t in rules.thresholds}) + 1 + _MARKS
    if codes > _MOST_CODES:
        raise RulesError(
            f"Thresholds on {codes - 1 - _MARKS} ends of scores are more than one outcome can name.",
            f"Use at most {_MOST_CODES - 1 - _MARKS}.",
        )
    bits = np.uint16 if codes <= 16 else np.uint32 if codes <= 32 else np.uint64  # a million rows, several times
    cuts = Cuts(
        np.zeros(size, bool),
        np.zeros(size, bool),
        np.zeros(size, bits),
        np.full(size, np.nan, np.float32),
        np.full(size, np.nan, np.float32),
    )
    unlocked = view.unlocked(rules.guardrails.lock_held_out)
    for threshold in rules.thresholds:
        _threshold(view, rules, ranking, cuts, unlocked, threshold)
    _strategy(view, rules, ranking, cuts, candidates, int(unlocked.sum()))
    return cuts


def _threshold(
    view: ScoreView, rules: Rules, ranking: Ranking, cuts: Cuts, unlocked: np.ndarray, threshold: Threshold
) -> None:
    composite = threshold.score == "composite"
    column = ranking.composite if composite else view.score(threshold.score).values
    eligible = _eligible(view, unlocked, threshold.class_name)
    if composite and threshold.class_name is None and (threshold.drop is Side.ABOVE) == drops_first(rules.goal):
        cut = apply_in_order(threshold, column, ranking.order[: ranking.ranked])
    else:
        rows = np.flatnonzero(eligible)
        dropped = apply_threshold(threshold, column[rows], view.id_rank[rows])
        cut = Cut(rows[dropped.rows], dropped.value)
    margin = cut.value - column if threshold.drop is Side.ABOVE else column - cut.value
    redundancy = (
        rules.goal == Goal.REMOVE_REDUNDANT.value
        if composite
        else (view.score(threshold.score).direction == Direction.REDUNDANT.value)
    )
    cuts.note(eligible, cut.rows, cut.value, margin, f"{threshold.score}_{threshold.drop}", redundancy)


def _eligible(view: ScoreView, unlocked: np.ndarray, class_name: str | None) -> np.ndarray:
    if class_name is None:
        return unlocked
    if class_name not in view.class_names:
        raise RulesError(
            f"A threshold is for the class {class_name!r}, which this dataset does not have.",
            f"Classes: {', '.join(view.class_names[:12])}.",
        )
    return unlocked & (view.labels == view.class_names.index(class_name))


def _strategy(view: ScoreView, rules: Rules, ranking: Ranking, cuts: Cuts, candidates: np.ndarray, base: int) -> None:
    strategy = strategy_named(rules.strategy)
    params = params_from_dict(strategy.params, rules.strategy_params)
    if not strategy.uses_fraction:
        return
    inputs = StrategyInputs(
        ranking.priority,
        view.labels,
        candidates,
        {name: c.values for name, c in view.scores.items()},
        orientation(view, Goal.FIND_NOISE.value),
        view.id_rank,
        base,
        rules.seed,
        ranking.order,
        coverage_scores(),
    )
    chosen = strategy.select(inputs, params)
    side = np.float32(-1.0 if drops_first(rules.goal) else 1.0)
    margin = ranking.priority - np.float32(chosen.cut)
    cuts.note(
        candidates,
        np.flatnonzero(~chosen.kept),
        np.float32(chosen.cut) * side,
        margin,
        chosen.reason,
        rules.goal == Goal.REMOVE_REDUNDANT.value,
    )
