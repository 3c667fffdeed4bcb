"""Two curations of the same run side by side: which rows they treat differently, by class and zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types.curation import Outcome, Zone

from .evidence import ZONES, zones
from .view import ScoreView


@dataclass(frozen=True, eq=False)
class BranchComparison:
    """a and b over the same N rows. Every set holds int64 rows, ascending.

    gained: kept by b, dropped by a; lost: the other way; relabeled: kept by both under different labels.
    by_class: int64 [C + 1, 4] and by_zone: int64 [Z, 4] rows, kept by a, kept by b, gained, lost (in that order:
    kept_a, kept_b, gained, lost); the last class is "no label".
    """

    gained: np.ndarray
    lost: np.ndarray
    relabeled: np.ndarray
    by_class: np.ndarray
    by_zone: np.ndarray
    zones: tuple[Zone, ...] = ZONES


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
