"""What a person should know about an outcome before trusting it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.types.curation import Outcome, Rules

from .decisions import Manual
from .intent import share_words
from .view import ScoreView

_LARGE_SHARE = 0.30  # of a class: above it, what the class looks like may change with what is dropped


def outcome_warnings(view: ScoreView, rules: Rules, outcome: Outcome, manual: Manual) -> tuple[str, ...]:
    """Sentences, most serious first."""
    lines = [f"Class {name!r} has no training row left." for name in emptied_classes(view, outcome)]
    if outcome.near_duplicates:
        lines.append(outcome.near_duplicates.text)
    if (shared := share_words(view, rules, outcome)) is not None:
        lines.append(shared)
    lines += _held_out(view, outcome)
    lines += _large_drops(view, outcome)
    if manual.ignored:
        lines.append(f"{_rows(manual.ignored, 'decision')} on held-out rows have no effect while these are locked.")
    if manual.unknown:
        lines.append(f"{_rows(manual.unknown, 'decision')} on examples that this run does not have.")
    absent = sorted(name for name, w in rules.score_weights.items() if w and name not in view.scores)
    if absent:
        lines.append(f"Weights are given for scores that this run does not have: {', '.join(absent)}.")
    if np.isnan(outcome.composite).all():
        lines.append(f"No weighted score of this run serves the goal {rules.goal}: there is no composite.")
    return tuple(lines)


def train_counts(view: ScoreView, outcome: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """([C] training rows with each given label, [C] of them kept under their final label)."""
    before = view.class_totals()
    after = before - _lost_training_rows(view, outcome)
    if outcome.label_final is not view.labels:
        moved = np.flatnonzero((outcome.label_final != view.labels) & outcome.kept & ~view.held_out)
        size = len(view.class_names)
        after = after - view.count_classes(moved) + np.bincount(outcome.label_final[moved], minlength=size)
    return before, after


def _lost_training_rows(view: ScoreView, outcome: Outcome) -> np.ndarray:
    held_out = view.held_out_rows
    return outcome.lost - view.count_classes(held_out[~outcome.kept[held_out]])


class HitClass(NamedTuple):
    """A class, its training rows, and those of them that stay; a relabeled row counts where its new label is."""

    name: str
    before: int
    after: int


def hardest_hit(view: ScoreView, outcome: Outcome) -> HitClass:
    """The class that loses the largest share of its training rows; of several the rarest."""
    before, after = train_counts(view, outcome)
    present = np.flatnonzero(before)
    if not len(present):
        return HitClass("no labels", 0, 0)
    worst = present[np.lexsort((before[present], after[present] / before[present]))[0]]
    return HitClass(str(view.class_names[worst]), int(before[worst]), int(after[worst]))


def emptied_classes(view: ScoreView, outcome: Outcome) -> tuple[str, ...]:
    """Classes that had training rows and keep none."""
    before, after = train_counts(view, outcome)
    return tuple(view.class_names[c] for c in np.flatnonzero((before > 0) & (after == 0)))


def _held_out(view: ScoreView, outcome: Outcome) -> list[str]:
    lost = int((~outcome.kept[view.held_out_rows]).sum())
    return [f"{_rows(lost, 'held-out row')} are dropped: figures on this split no longer compare."] if lost else []


def _large_drops(view: ScoreView, outcome: Outcome) -> list[str]:
    before, lost = view.class_totals(), _lost_training_rows(view, outcome)
    large = np.flatnonzero(lost > _LARGE_SHARE * before)
    return [
        f"Class {view.class_names[c]!r} loses {lost[c] / before[c]:.0%} of its training rows "
        f"({lost[c]:,} of {before[c]:,})."
        for c in large
    ]


def _rows(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
