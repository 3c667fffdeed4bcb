"""Two curations of the same run side by side: which rows they treat differently, by class and zone."""

from __future__ import annotations

import numpy as np

from core.types.comparisons import BranchComparison
from core.types.curation import Outcome

from .evidence import ZONES, zones
from .view import ScoreView


def compare_outcomes(view: ScoreView, a: Outcome, b: Outcome) -> BranchComparison:
    """Rows by their given label, whatever label a branch gives them."""
    gained, lost = b.kept & ~a.kept, a.kept & ~b.kept
    relabeled = a.kept & b.kept & (a.label_final != b.label_final)
    size = len(view.class_names)
    classes = np.where(view.labels < 0, size, view.labels)
    masks = (a.kept, b.kept, gained, lost)
    return BranchComparison(
        np.flatnonzero(gained),
        np.flatnonzero(lost),
        np.flatnonzero(relabeled),
        _counts(classes, size + 1, masks),
        _counts(zones(view), len(ZONES), masks),
    )


def _counts(codes: np.ndarray, size: int, masks: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.stack([np.bincount(codes[mask], minlength=size) for mask in masks], axis=1)
