"""Any set of rows as a CSV file: what decisions.csv says about them beside the user's own columns."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.curation import ScoreView
from core.types.curation import Decision, Outcome, Rules

from .decisions_table import decision_columns
from .table import Column, text_column, write_csv

_CHUNK = 20_000


def selected_csv(view: ScoreView, rules: Rules, decisions: Mapping[str, Decision], outcome: Outcome,
                 rows: np.ndarray) -> bytes:
    """In the order of the source. A column of the user's with a name of ours gets the prefix `own_`."""
    rows = np.unique(np.asarray(rows, np.int64))
    ours = decision_columns(view, rules, decisions, outcome)
    columns = [_part(column, rows, len(view)) for column in ours] + _own(view, rows, {column.name for column in ours})
    with tempfile.TemporaryDirectory(prefix="chaffinch-selection-") as scratch:
        path = Path(scratch) / "selection.csv"
        write_csv(path, columns, len(rows))
        return path.read_bytes()


def _part(column: Column, rows: np.ndarray, size: int) -> Column:
    cells: list[str] = []
    for start in range(0, size, _CHUNK):
        inside = rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + _CHUNK)]
        if len(inside):
            texts = column.texts(start, min(start + _CHUNK, size))
            cells += [texts[row - start] for row in inside.tolist()]
    return Column(column.name, column.numeric, lambda a, b: cells[a:b], lambda: cells)


def _own(view: ScoreView, rows: np.ndarray, taken: set[str]) -> list[Column]:
    if view.columns is None:
        return []
    part = view.columns.iloc[rows]
    return [text_column(f"own_{name}" if str(name) in taken else str(name),
                        ["" if value is None or value != value else str(value) for value in part[name].tolist()])
            for name in part.columns]
