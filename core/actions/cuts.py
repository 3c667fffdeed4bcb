"""Cuts: what they compare, how far they reach, and which rows lie beside them."""

from __future__ import annotations

import numpy as np

from core.curation import ScoreView, cut_effects
from core.types.curation import CutKind, Outcome, Rules, Side, Threshold
from core.types.scores import ScoreIndex


def cut_values(view: ScoreView, outcome: Outcome, score: str) -> np.ndarray:
    """[N] the values that a cut on `score` compares: a score's, or the composite's."""
    return cut_effects.cut_values(view, outcome, score)


def cut_bounds(values: np.ndarray, kind: CutKind, side: Side) -> tuple[float, float, float]:
    """Lowest, highest and a modest first value (a tenth of the rows) for a new cut on [N] values."""
    return cut_effects.cut_bounds(values, kind, side)


def rows_beyond(view: ScoreView, rules: Rules, outcome: Outcome, cut: Threshold) -> int:
    """How many unlocked rows lie beyond a cut, before guardrails."""
    return cut_effects.rows_beyond(view, rules, outcome, cut)


def rows_next_to_cut(view: ScoreView, rules: Rules, outcome: Outcome, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that a small move of the rules would change first: last dropped and first kept, nearest first."""
    return cut_effects.rows_next_to_cut(view, rules, outcome, count)


def cut_on_score(rules: Rules, name: str, index: ScoreIndex) -> tuple[float | None, Side]:
    """The value of the rules' cut on one score over all classes (None without one), and the side that it drops."""
    return cut_effects.cut_on_score(rules, name, index)


def composite_side(rules: Rules) -> Side:
    """The side of the composite's cut that goes: as its threshold says, else the end that the goal removes."""
    return cut_effects.composite_side(rules)


def composite_cut(outcome: Outcome) -> float | None:
    """The composite value that decides a row under these rules, None when no single one does."""
    return cut_effects.composite_cut(outcome)
