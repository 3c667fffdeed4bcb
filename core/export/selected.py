"""Any set of rows as a CSV file: what decisions.csv says about them beside the user's own columns."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.curation import ScoreView
from core.types.curation import Decision, Outcome, Rules

from .decisions_table import decision_columns
from .table import CHUNK_ROWS, Column, text_column, write_csv
from .weights import sample_weights


def selected_csv(
    view: ScoreView, rules: Rules, decisions: Mapping[str, Decision], outcome: Outcome, rows: np.ndarray
) -> bytes:
    """In the order of the source. A column of the user's with a name of ours gets the prefix `own_`, once or more."""
    rows = np.unique(np.asarray(rows, np.int64))
    ours = decision_columns(view, rules, decisions, outcome, sample_weights(view, outcome))
    columns = [_part(column, rows, len(view)) for column in ours] + _own(view, rows, {column.name for column in ours})
    with tempfile.TemporaryDirectory(prefix="chaffinch-selection-") as scratch:
        path = Path(scratch) / "selection.csv"
        write_csv(path, columns, len(rows))
        return path.read_bytes()


def _part(column: Column, rows: np.ndarray, size: int) -> Column:
    cells: list[str] = []
    for start in range(0, size, CHUNK_ROWS):
        inside = rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + CHUNK_ROWS)]
        if len(inside):
            texts = column.texts(start, min(start + CHUNK_ROWS, size))
            cells += [texts[row - start] for row in inside.tolist()]
    return replace(column, texts=lambda a, b: cells[a:b])


def _own(view: ScoreView, rows: np.ndarray, ours: set[str]) -> list[Column]:
    if view.columns is None:
        return []
    part = view.columns.iloc[rows]
    names = _free_names([str(name) for name in part.columns], ours)
    return [
        text_column(name, ["" if value is None or value != value else str(value) for value in part.iloc[:, k]])
        for k, name in enumerate(names)
    ]


def _free_names(names: list[str], ours: set[str]) -> list[str]:
    """Each name, prefixed until neither we nor another column of the user's have it."""
    taken, out = ours | set(names), []
    for name in names:
        free = name
        while free in ours or (free != name and free in taken):
            free = f"own_{free}"
        taken.add(free)
        out.append(free)
    return out
