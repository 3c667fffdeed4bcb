"""What the scores of a run say about all of its rows, and about the methods themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.curation import ScoreView
from core.datasets.spreadsheet import csv_text, safe_frame
from core.runs.decide import view
from core.runs.plan import catalogue
from core.runs.read import evaluating, one_example, tables
from core.scores import SCORES, is_own, method_of_score
from core.scores.method import ScoreMethod
from core.store import Run
from core.store.atomic import write_bytes
from core.types.registry import find


def score_view(run: Run) -> ScoreView:
    """The arrays that rules act on. Costs one read of every score: keep it (the dashboard caches one per run)."""
    return view.score_view(run)


def methods_of(run: Run) -> tuple[ScoreMethod, ...]:
    """Every registered score, and the person's own ones of this run."""
    return (*SCORES, *(method_of_score(score) for name in run.score_names if is_own(score := run.score(name))))


def method_in(run: Run, name: str) -> ScoreMethod:
    """What a score says about itself, also a person's own. Raises `CurationError` for a name that there is not."""
    return find(name, methods_of(run), "score")


def clusters(run: Run, name: str) -> np.ndarray:
    """int32 [N] cluster of each row (`kmeans` or `hdbscan`), -1 = in none."""
    return one_example.clusters(run, name)


def ranked(run: Run, score: str, top: int = 20) -> pd.DataFrame:
    """The `top` rows to look at first by a score or "composite": rank, example_id, source_index, labels, value."""
    return tables.ranked(run, score, top)


def scores_table(run: Run) -> pd.DataFrame:
    """One row per example: example_id, source_index, label, predicted_label, then a column per score."""
    return tables.scores_table(run)


def spreadsheet_csv(frame: pd.DataFrame) -> str:
    """A table as CSV of which a spreadsheet runs nothing: an apostrophe before ids and classes like =1+1."""
    return csv_text(safe_frame(frame))


def save_csv(frame: pd.DataFrame, file: Path) -> None:
    """Write a table as `spreadsheet_csv` has it, whole or not at all. Raises `CurationError` where that cannot be."""
    write_bytes(file, spreadsheet_csv(frame).encode())


def methods_table() -> pd.DataFrame:
    """The registered scores: name, title, group, direction, what each end means, needs, cost, paper."""
    return tables.methods_table()


def shared_ground() -> tuple[str, dict[str, str]]:
    """What several scores share, as Markdown of our own: the introduction, and each section by its title."""
    return catalogue.shared_ground()


def evaluate_run(run: Run, key: Path | None = None) -> dict[str, Any]:
    """How well each score and the composite find known faults (key: `example_id,is_fault`)."""
    return evaluating.evaluate_run(run, key)
