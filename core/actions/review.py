"""Rows for a person to look at: the queue by decision value, and what was looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.curation import ScoreView, evidence, review
from core.curation import label_next as labeling
from core.runs.decide.answers import ids_named
from core.runs.export import label_tasks
from core.store import Run
from core.types.curation import Decision, Rules
from core.types.examples import UNLABELED
from core.types.review import QUEUE, LabelNext, ReviewQueue


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


def has_unlabeled(view: ScoreView) -> bool:
    """Whether some training row came without a label."""
    return bool((view.labels[view.training_rows] == UNLABELED).any())


def label_next(
    run: Run,
    view: ScoreView,
    decisions: Mapping[str, Decision],
    count: int = QUEUE,
    after: Sequence[str] = (),
) -> LabelNext:
    """Training rows without a label, most worth one first: where the model is unsure, far from what is labeled, in
    every class; without labels, an order that covers the data. after: ids chosen earlier, that it goes on from.
    Raises `RulesError` where no row waits.
    """
    return labeling.label_next(view, run.array("embedding"), decisions, count, after)


def save_label_tasks(run: Run, view: ScoreView, chosen: LabelNext, out: Path) -> None:
    """Write rows to be labeled, in their order: a CSV with an empty column `label`, or for a name that ends in .json
    tasks of Label Studio with the model's guess. Both come back by `curation.decide_from`. Raises `RunError`.
    """
    label_tasks.save(run, view, chosen, out)


def label_tasks_json(run: Run, view: ScoreView, chosen: LabelNext) -> bytes:
    """The tasks of Label Studio that `save_label_tasks` writes."""
    return label_tasks.tasks_json(run, view, chosen)


def label_tasks_csv(run: Run, view: ScoreView, chosen: LabelNext) -> bytes:
    """The CSV that `save_label_tasks` writes."""
    return label_tasks.tasks_csv(run, view, chosen)


def ids_waiting(path: Path) -> tuple[str, ...]:
    """The ids of a file that `save_label_tasks` wrote, labeled by now or not. Raises `DataError`."""
    return ids_named(path)
