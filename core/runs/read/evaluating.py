"""How well the scores of a run find known faults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.store import Run
from core.types.errors import DataError

_TRUE = {"1", "1.0", "true", "yes"}
_FALSE = {"0", "0.0", "false", "no"}


def evaluate_run(run: Run, key: Path | None = None) -> dict[str, Any]:
    """{"scores": {name: figures}, "composite": figures} against an answer key; the composite is goal find_noise's."""
    from core.curation import goal_rules, rank_rows
    from core.evaluation import evaluate_scores
    from core.runs.decide.view import score_view

    is_fault, known = read_key(key or own_key(run), run)
    view = score_view(run)
    composite = rank_rows(view, goal_rules(view, "find_noise")).composite
    if not known.all():  # nobody said what the other rows are: they take no part
        scores = {
            name: replace(c, values=np.where(known, c.values, np.float32("nan"))) for name, c in view.scores.items()
        }
        view, composite = view.with_scores(scores), np.where(known, composite, np.nan)
    return evaluate_scores(view, composite, is_fault)


def own_key(run: Run) -> Path:
    """The key that came with the run (`run --truth`), or the sample's; `DataError` without either."""
    from core.datasets import sample_key

    for path in (run.path / "truth.csv", sample_key(run.spec.source)):
        if path is not None and path.is_file():
            return path
    raise DataError("There is no answer key beside this run.", "Give one with --truth: example_id,is_fault.")


def read_key(path: Path, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """is_fault, known: [N] bool in the run's order, joined by example_id (or source_index).

    Rows that the key leaves out are unknown, unless it names faults alone: then they are sound. Raises `DataError` for
    a file that is no such key, or not of this run.
    """
    import pandas as pd

    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(
            f"The answer key {path} cannot be read: {error}.", "It is a CSV: example_id,is_fault."
        ) from error
    by = next((name for name in ("example_id", "source_index") if name in frame.columns), None)
    if by is None or "is_fault" not in frame.columns:
        raise DataError(
            f"The answer key {path} has the columns {', '.join(frame.columns)}.",
            "It needs example_id (or source_index) and is_fault.",
        )
    return _joined(frame, by, path, run)


def _joined(frame: Any, by: str, path: Path, run: Run) -> tuple[np.ndarray, np.ndarray]:
    said = frame["is_fault"].str.strip().str.lower()
    wrong = said[~said.isin(_TRUE | _FALSE)]
    if len(wrong):
        raise DataError(f"{path}, line {wrong.index[0] + 2}: is_fault is {wrong.iloc[0]!r}.", "Write 1 or 0.")
    keys = frame[by]
    if keys.duplicated().any():
        raise DataError(f"{path} names {keys[keys.duplicated()].iloc[0]!r} twice.", "Give one line per example.")
    truth = dict(zip(keys, said.isin(_TRUE), strict=True))
    own = run.examples.ids if by == "example_id" else run.examples.source_index.astype(str)
    known = np.array([key in truth for key in own.tolist()], bool)
    if not known.any():
        raise DataError(f"{path} names no example of this run.", "Is it the key of another dataset?")
    faults = np.array([truth.get(key, False) for key in own.tolist()], bool)
    return faults, known if not all(truth.values()) else np.ones(len(own), bool)
