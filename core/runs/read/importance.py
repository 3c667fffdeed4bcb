"""Which columns of a run's table matter, and which values of a column hold the rows that a score finds important."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from core.attributions.column_importance import Columns, column_importances
from core.curation import ScoreView
from core.evaluation.arms import held_out_rows, set_aside_rows
from core.models.table_encoding import TableEncoder
from core.runs.decide.view import score_view
from core.store import Run
from core.types.errors import CurationError, RunError
from core.types.examples import UNLABELED, Modality
from core.types.importance import ColumnImportances, ValueImportance
from core.types.progress import Progress

_MOST_TRAIN, _MOST_HELD_OUT = 10_000, 2_000  # rows: more make nothing here clearer, and a forest slow
_MOST_VALUES = 1_000  # of a column: it is an id where it has more


def importance_of_columns(run: Run, progress: Progress) -> ColumnImportances:
    """The columns that a forest needs to tell the classes; raises `RunError` for a run that is no table."""
    if run.modality is not Modality.TABLE:
        raise RunError("Only tables have columns that may matter.", "Ask for the values of one: --by NAME.")
    view, rng = score_view(run), np.random.default_rng(run.spec.seed)
    train = np.flatnonzero(~view.held_out & (view.labels != UNLABELED))
    held = held_out_rows(view, set_aside_rows(view.labels, np.arange(len(view)), train, run.spec.seed))
    words = held.words if not held.set_aside else "a fifth of the training rows, set aside"
    train = np.setdiff1d(train, held.rows)
    train, held_out = _some(train, _MOST_TRAIN, rng), _some(held.rows, _MOST_HELD_OUT, rng)
    examples = run.examples_with_inputs
    encoder = TableEncoder.fit(examples, train)
    columns = Columns(encoder.matrix(examples), encoder.columns_of, view.labels, train, held_out, words)
    return column_importances(columns, run.spec.seed, progress)


def _some(rows: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.choice(rows, most, replace=False)) if len(rows) > most else rows


def importance_of_values(view: ScoreView, column: str, score: str) -> tuple[ValueImportance, ...]:
    """The mean of a score over the training rows with each value of `column`, the largest first.

    column: "label", "group", or a column of the data: a source, an annotator. share: what is above the smallest score,
    summed over the value's rows, over the same of all; Oh et al. 2021 (DAIN) sample in proportion.
    Raises `CurationError` for a column that is not there or never repeats, and for a score without values.
    """
    values, cells = view.score(score).values.astype(np.float64), _cells(view, column)
    rows = np.flatnonzero(~view.held_out & np.isfinite(values))
    if not len(rows):
        raise CurationError(f"No training row has the score {score!r}.", "Choose another score.")
    found, own = np.unique(cells[rows], return_inverse=True)
    if len(found) > _MOST_VALUES:
        raise CurationError(f"Column {column!r} has {len(found):,} values.", "Choose one whose values repeat.")
    count, above = np.bincount(own), values[rows] - values[rows].min()
    mean = np.bincount(own, values[rows]) / count
    spread = np.sqrt(np.bincount(own, (values[rows] - mean[own]) ** 2) / np.maximum(count - 1, 1))
    half = np.where(count > 1, stdtrit(np.maximum(count - 1, 1), 0.975) * spread / np.sqrt(count), np.inf)
    share = np.bincount(own, above) / above.sum() if above.sum() > 0 else count / count.sum()
    table = [
        ValueImportance(str(name), int(n), float(m), float(m - h), float(m + h), float(s))
        for name, n, m, h, s in zip(found, count, mean, half, share, strict=True)
    ]
    return tuple(sorted(table, key=lambda one: -one.mean))


def _cells(view: ScoreView, column: str) -> np.ndarray:
    if column == "label":
        names = np.array([*view.class_names, ""], object)
        return names[view.labels].astype(str)
    if column == "group" and view.groups is not None:
        return np.array(["" if name is None else str(name) for name in np.asarray(view.groups, object)])
    own = [] if view.columns is None else list(map(str, view.columns.columns))
    if column not in own:
        raise CurationError(f"There is no column {column!r}.", f"There are: {', '.join(['label', 'group', *own])}.")
    return view.columns[column].astype(str).to_numpy(dtype=object).astype(str)
