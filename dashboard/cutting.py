"""What stands near a cut, and what a cut would touch: arrays in, numbers and rows out."""

from __future__ import annotations

import numpy as np

from core.curation.ranking import rank_rows
from core.selection.thresholds import apply_threshold
from core.types.curation import SOURCES, Outcome, Source, Threshold
from dashboard.opened import Opened

_BLOCK = 65_536


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
    unlocked = opened.view.unlocked(opened.rules.guardrails.lock_held_out)
    if asked.class_name is not None:
        unlocked = unlocked & (opened.view.labels == opened.view.class_names.index(asked.class_name))
    values = values_of(opened, asked.score)[unlocked]
    if asked.kind == "count":  # ties are broken by id: exactly so many, or all there are
        return min(int(asked.cut), int(np.isfinite(values).sum()))
    return len(apply_threshold(asked, values, opened.view.id_rank).rows)


def at_the_cut(opened: Opened, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that a small move of the rules would change first: last dropped and first kept, nearest first."""
    outcome, order = opened.outcome, rank_rows(opened.view, opened.rules).order
    ruled = outcome.came_from(Source.RULE, Source.DEFAULT)
    return _first(order[::-1], ruled & ~outcome.kept, count), _first(order, ruled & outcome.kept, count)


def _first(order: np.ndarray, wanted: np.ndarray, count: int) -> np.ndarray:
    """The first `count` rows of an order that are wanted (bool [N]); read in blocks, so that it ends early."""
    found = [np.empty(0, np.int64)]
    for start in range(0, len(order), _BLOCK):
        part = order[start : start + _BLOCK]
        found.append(part[wanted[part]])
        if sum(map(len, found)) >= count:
            break
    return np.concatenate(found)[:count]


def sources_words(outcome: Outcome) -> str:
    """Who dropped how many rows, in words."""
    counts = np.bincount(outcome.source_code[~outcome.kept], minlength=len(SOURCES))
    named = sorted((source.value, count) for source, count in zip(SOURCES, counts.tolist(), strict=True) if count)
    return ", ".join(f"{name} {count:,}" for name, count in named) or "nobody"
