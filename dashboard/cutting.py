"""What stands near a cut, and what a cut would touch: arrays in, numbers and rows out."""

from __future__ import annotations

import numpy as np

from core.selection.thresholds import apply_threshold
from core.types.curation import SOURCES, Outcome, Source, Threshold
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
    ruled = outcome.came_from(Source.RULE, Source.DEFAULT)
    gone = _first(-outcome.rank, np.flatnonzero(ruled & ~outcome.kept), count)
    return gone, _first(outcome.rank, np.flatnonzero(ruled & outcome.kept), count)


def _first(place: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """The `count` rows with the lowest place, lowest first."""
    if len(rows) > count:
        rows = rows[np.argpartition(place[rows], count)[:count]]
    return rows[np.argsort(place[rows], kind="stable")]


def sources_words(outcome: Outcome) -> str:
    """Who dropped how many rows, in words."""
    counts = np.bincount(outcome.source_code[~outcome.kept], minlength=len(SOURCES))
    named = sorted((source.value, count) for source, count in zip(SOURCES, counts.tolist(), strict=True) if count)
    return ", ".join(f"{name} {count:,}" for name, count in named) or "nobody"
