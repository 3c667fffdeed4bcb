"""Selections of rows: saved under a name, just picked on the map, or written out as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.curation import ScoreView, row_sets
from core.export.selected import selected_csv
from core.store import Run, picks
from core.types.branches import MAIN, CurationState
from core.types.curation import Decision, Outcome, Rules

from ._saved import key_of, seen, writer


def save_selection(run: Run, name: str, ids: Sequence[str], *, token: str, branch: str = MAIN) -> CurationState:
    """Save a named selection; no ids deletes it. Undoable."""
    return seen(run, writer(run).save_selection(key_of(run, branch), name, ids, token=token), branch)


def rename_selection(run: Run, name: str, to: str, *, token: str, branch: str = MAIN) -> CurationState:
    """Another name for a saved selection. Undoable; refused when the name is taken."""
    return seen(run, writer(run).rename_selection(key_of(run, branch), name, to, token=token), branch)


def keep_picked(run: Run, rows: np.ndarray) -> str:
    """Put the selected rows on disk; returns the short name under which `picked_rows` finds them again."""
    return picks().keep(run.run_id, rows, len(run.examples))


def picked_rows(run: Run, name: str) -> np.ndarray | None:
    """The rows behind that name, int64 ascending; None when they are no longer kept."""
    return picks().rows(run.run_id, name, len(run.examples))


def selection_csv(
    view: ScoreView, rules: Rules, decisions: Mapping[str, Decision], outcome: Outcome, rows: np.ndarray
) -> bytes:
    """The given rows as a CSV file: the columns of decisions.csv, then the user's own."""
    return selected_csv(view, rules, decisions, outcome, rows)


# -- sets of rows ----------------------------------------------------------------------------------------------------


def join(selection: np.ndarray, rows: np.ndarray, mode: str) -> np.ndarray:
    """The new selection, ascending: replace, add, subtract, or within (rows that are in both)."""
    return row_sets.join(selection, rows, mode)


def inverse(selection: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Shown rows (bool [N]) that are not selected."""
    return row_sets.inverse(selection, shown)


def in_order(rows: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The rows as they follow one another in an order of all rows [N]."""
    return row_sets.in_order(rows, order)


def first_rows(view: ScoreView, name: str | None, rows: np.ndarray, lowest: bool) -> np.ndarray:
    """The rows ordered by a score, missing values last, ties in row order; by row when `name` is None."""
    return row_sets.first_rows(view, name, rows, lowest)
