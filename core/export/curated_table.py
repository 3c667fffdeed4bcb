"""`curated.csv`: the kept rows with the user's own columns, ready to take the place of the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.curation import ScoreView
from core.datasets.spreadsheet import all_numbers, is_formula
from core.types.curation import Outcome

from .table import Column, coded_column, int_column, text_column, typed_column


def curated_columns(
    view: ScoreView, outcome: Outcome, columns: Any, kinds: Mapping[str, Any] | None = None
) -> list[Column]:
    """The user's columns in their order; a relabeled row shows its new label in the label column.

    `example_id` (or a longer name that is free) comes first where the user has no id column; without any columns
    (images, arrays) source index, source path and label follow it. kinds: Arrow types that columns have in their
    source, for Parquet.
    """
    rows = np.flatnonzero(outcome.kept)
    names = [] if columns is None else [str(c) for c in columns.columns]
    own = [_own(view, outcome, columns.iloc[:, k], name, rows, kinds or {}) for k, name in enumerate(names)]
    if view.id_column in names:
        return own
    name = "example_id"
    while name in names:
        name = f"chaffinch_{name}"
    key = text_column(name, [str(v) for v in view.ids[rows].tolist()])
    return [key, *(own or _bare(view, outcome, rows))]


def _bare(view: ScoreView, outcome: Outcome, rows: np.ndarray) -> list[Column]:
    index = np.arange(len(view)) if view.source_index is None else view.source_index
    paths = [] if view.source_path is None else [text_column("source_path", [str(p) for p in view.source_path[rows]])]
    return [
        int_column("source_index", index[rows]),
        *paths,
        coded_column("label", outcome.label_final[rows], view.class_names),
    ]


def formula_cells(columns: Sequence[Column], rows: int) -> int:
    """How many cells (names included) a spreadsheet would run: what writing them safe for spreadsheets alters."""
    return sum(is_formula(c.name) + (0 if c.numeric else sum(map(is_formula, c.texts(0, rows)))) for c in columns)


def _own(
    view: ScoreView, outcome: Outcome, series: Any, name: str, rows: np.ndarray, kinds: Mapping[str, Any]
) -> Column:
    cells = ["" if _absent(v) else str(v) for v in series.tolist()]
    numeric = all_numbers(cells)
    if name == view.label_column:
        moved = np.flatnonzero(outcome.label_final != view.labels)
        given = tuple(cells)  # the first row of a class may have been moved itself
        for row in moved:
            cells[row] = _as_written(view, given, int(outcome.label_final[row]))
        numeric = all_numbers(cells)
    return typed_column(name, [cells[r] for r in rows.tolist()], numeric, kinds.get(name))


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _as_written(view: ScoreView, cells: Sequence[str], label: int) -> str:
    """How the source writes a class: as its first row there does, else by its name."""
    rows = view.class_rows[label]
    return cells[int(rows[0])] if len(rows) else view.class_names[label]
