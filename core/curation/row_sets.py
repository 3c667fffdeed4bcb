"""Sets and orders of row numbers: what a selection becomes when rows are added to it, taken from it or sorted."""

from __future__ import annotations

import numpy as np

from .view import ScoreView


def join(selection: np.ndarray, rows: np.ndarray, mode: str) -> np.ndarray:
    """The new selection, ascending: replace, add, subtract, or within (rows that are in both)."""
    chosen = np.zeros(1 + max(selection.max(initial=-1), rows.max(initial=-1)), bool)  # far faster than sorting both
    if mode in ("add", "subtract"):
        chosen[selection] = True
        chosen[rows] = mode == "add"
    elif mode == "within":
        chosen[selection] = True
        chosen &= np.bincount(rows, minlength=len(chosen)) > 0
    else:
        chosen[rows] = True
    return np.flatnonzero(chosen)


def inverse(selection: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Shown rows that are not selected."""
    rest = shown.copy()
    rest[selection] = False
    return np.flatnonzero(rest)


def in_order(rows: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The rows as they follow one another in an order of all rows [N], without sorting."""
    if len(rows) == len(order):
        return order
    chosen = np.zeros(len(order), bool)
    chosen[rows] = True
    return order[chosen[order]]


def first_rows(view: ScoreView, name: str | None, rows: np.ndarray, lowest: bool) -> np.ndarray:
    """The rows ordered by a score, missing values last, ties in row order; by row when `name` is None."""
    if name is None or name not in view.scores:
        return rows
    values = view.scores[name].values[rows]
    keyed = np.where(np.isnan(values), np.inf, values if lowest else -values)
    return rows[np.argsort(keyed, kind="stable")]
