"""What a cut would touch, where it lies on its score, and which rows stand next to the cut of the composite."""

from __future__ import annotations

import numpy as np

from core.selection.thresholds import apply_threshold
from core.types.curation import CutKind, Outcome, Rules, Side, Source, Threshold
from core.types.scores import ScoreIndex

from .ranking import rank_rows
from .rule_edits import drop_side
from .view import ScoreView

_BLOCK = 65_536  # rows of an order read at once: the first few that fit lie in the first block as a rule


def cut_values(view: ScoreView, outcome: Outcome, score: str) -> np.ndarray:
    """[N] the values that a cut on `score` compares: a score's, or the composite's."""
    return outcome.composite if score == "composite" else view.score(score).values


def cut_bounds(values: np.ndarray, kind: CutKind, side: Side) -> tuple[float, float, float]:
    """Lowest, highest and a modest first value (a tenth of the rows) for a new cut on [N] values."""
    finite = values[np.isfinite(values)]
    if kind == CutKind.PERCENTILE:
        return 0.0, 100.0, 90.0 if side == Side.ABOVE else 10.0
    if kind == CutKind.COUNT:
        return 0.0, float(len(finite)), float(len(finite) // 10)
    if not len(finite):
        return 0.0, 1.0, 0.0
    start = float(np.quantile(finite, 0.9 if side == Side.ABOVE else 0.1))
    return float(finite.min()), float(finite.max()), start


def rows_beyond(view: ScoreView, rules: Rules, outcome: Outcome, cut: Threshold) -> int:
    """How many unlocked rows lie beyond a cut, before guardrails."""
    unlocked = view.unlocked(rules.guardrails.lock_held_out)
    if cut.class_name is not None:
        unlocked = unlocked & (view.labels == view.class_names.index(cut.class_name))
    values = cut_values(view, outcome, cut.score)[unlocked]
    if cut.kind is CutKind.COUNT:  # ties are broken by id: exactly so many, or all there are
        return min(int(cut.cut), int(np.isfinite(values).sum()))
    return len(apply_threshold(cut, values, view.id_rank[unlocked]).rows)


def rows_next_to_cut(view: ScoreView, rules: Rules, outcome: Outcome, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that a small move of the rules would change first: last dropped and first kept, nearest first."""
    order = rank_rows(view, rules).order
    ruled = outcome.came_from(Source.RULE, Source.DEFAULT)
    return _first(order[::-1], ruled & ~outcome.kept, count), _first(order, ruled & outcome.kept, count)


def _first(order: np.ndarray, eligible: np.ndarray, count: int) -> np.ndarray:
    """The first `count` rows of an order that are eligible (bool [N]); read in blocks, so that it ends early."""
    parts = [np.empty(0, np.int64)]
    for start in range(0, len(order), _BLOCK):
        part = order[start : start + _BLOCK]
        parts.append(part[eligible[part]])
        if sum(map(len, parts)) >= count:
            break
    return np.concatenate(parts)[:count]


def cut_on_score(rules: Rules, name: str, index: ScoreIndex) -> tuple[float | None, Side]:
    """The value of the rules' cut on one score over all classes, None without one, and the side that it drops.

    index: of that score; a percentile or a count is told at the value it falls on.
    """
    cut = next((t for t in rules.thresholds if t.score == name and t.class_name is None), None)
    if cut is None:
        return None, Side.ABOVE
    if cut.kind is CutKind.VALUE:
        return cut.cut, cut.drop
    share = cut.cut / 100 if cut.kind is CutKind.PERCENTILE else cut.cut / max(len(index.sorted_values), 1)
    if cut.kind is CutKind.COUNT and cut.drop is Side.ABOVE:
        share = 1 - share
    return index.quantile(min(max(share, 0.0), 1.0)), cut.drop


def composite_side(rules: Rules) -> Side:
    """The side of the composite's cut that goes: as its threshold says, else the end that the goal removes."""
    chosen = next((t.drop for t in rules.thresholds if t.score == "composite" and t.class_name is None), None)
    return chosen or drop_side(rules)


def composite_cut(outcome: Outcome) -> float | None:
    """The composite value that decides a row under these rules, None when no single one does."""
    decided = outcome.threshold[outcome.came_from(Source.RULE)]
    decided = decided[np.isfinite(decided)]
    return float(decided[0]) if len(decided) and (decided == decided[0]).all() else None
