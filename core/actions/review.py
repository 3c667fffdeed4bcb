"""Rows for a person to look at: the queue by decision value, and what was looked at."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.curation import ScoreView, evidence, review
from core.types.curation import Decision, Rules
from core.types.review import ReviewQueue


def review_queue(view: ScoreView, rules: Rules) -> ReviewQueue:
    """Rows by decision value: near a cut, judged differently by the families of scores, unsteady over seeds.

    It follows from scores and rules alone, not from decisions: the queue stays where it is while a person works on it.
    """
    return review.review_queue(view, rules)


def reviewed_of(view: ScoreView, queue: ReviewQueue, decisions: Mapping[str, Decision]) -> tuple[int, int, int | None]:
    """Rows of the sitting that were reviewed, rows of the sitting, and the first row that was not (None = all done)."""
    return review.reviewed_of(view, queue, decisions)


def is_reviewed(view: ScoreView, decisions: Mapping[str, Decision], row: int) -> bool:
    """Whether a person marked the row as looked at."""
    return review.is_reviewed(view, decisions, row)


def labels_suggested(view: ScoreView) -> np.ndarray:
    """int64 [N] class that a model which did not see the row prefers to its label with confidence, else -1."""
    return evidence.label_suggested(view)
