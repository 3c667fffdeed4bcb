"""What stands near a cut, and what a cut would touch: arrays in, numbers and rows out."""

from __future__ import annotations

import numpy as np

from core.selection.thresholds import apply_threshold
from core.types.curation import Outcome, Threshold
from dashboard.opened import Opened


def values_of(opened: Opened, score: str) -> np.ndarray:
    """[N] a score's values, or the composite's."""
    return opened.outcome.composite if score == "composite" else opened.view.scores[score].values


def cut_bounds(opened: Opened, score: str, kind: str, side: str) -> tuple[float, float, float]:
    """Lowest, highest and a modest first value (a tenth of the rows) for a new cut."""
    values = values_of(opened, score)
    finite = values[np.isfinite(values)]
    if kind == "percentile":
        return 0.0, 100.0, 90.0 if side == "above" else 10.0
    if kind == "count":
        return 0.0, float(len(finite)), float(len(finite) // 10)
    if not len(finite):
        return 0.0, 1.0, 0.0
    start = float(np.quantile(finite, 0.9 if side == "above" else 0.1))
    return float(finite.min()), float(finite.max()), start


def rows_beyond(opened: Opened, asked: Threshold) -> int:
    """How many unlocked rows lie beyond a cut, before guardrails."""
    rows = np.flatnonzero(opened.view.unlocked(opened.rules.guardrails.lock_held_out))
    if asked.class_name is not None:
        rows = rows[opened.view.labels[rows] == opened.view.class_names.index(asked.class_name)]
    return len(apply_threshold(asked, values_of(opened, asked.score)[rows], opened.view.id_rank[rows]).rows)


def at_the_cut(opened: Opened, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that a small move of the rules would change first: last dropped and first kept, nearest first."""
    outcome = opened.outcome
    order = np.argsort(outcome.rank, kind="stable")
    ruled = order[np.isin(outcome.source[order], ["rule", "default"])]
    gone, stay = ruled[~outcome.kept[ruled]], ruled[outcome.kept[ruled]]
    return gone[::-1][:count], stay[:count]


def sources_words(outcome: Outcome) -> str:
    """Who dropped how many rows, in words."""
    names, counts = np.unique(outcome.source[~outcome.kept], return_counts=True)
    return ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True)) or "nobody"
