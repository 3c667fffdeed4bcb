"""Which columns matter, and which of their values."""

from __future__ import annotations

from core.curation import ScoreView
from core.runs.read import importance
from core.store import Run
from core.types.importance import ColumnImportances, ValueImportance
from core.types.progress import Progress


def importance_of_columns(run: Run, progress: Progress) -> ColumnImportances:
    """The columns of a table that a forest needs to tell the classes, correlated ones together: seconds to a minute."""
    return importance.importance_of_columns(run, progress)


def importance_of_values(view: ScoreView, column: str, score: str) -> tuple[ValueImportance, ...]:
    """The mean of a score over the training rows with each value of a column, with intervals, the largest first."""
    return importance.importance_of_values(view, column, score)
