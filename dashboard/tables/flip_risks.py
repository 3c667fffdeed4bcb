"""How likely other seeds would decide a row otherwise, as far as a page can wait for it."""

from __future__ import annotations

import numpy as np

from core import actions
from core.types.review import UnstableRows
from dashboard.session import cache
from dashboard.session.current_run import Opened

_ROWS_AT_ONCE = 100_000  # beyond these, sorting every score takes longer than a click should


def flip_risks(opened: Opened) -> np.ndarray:
    """float32 [N] how likely other seeds would decide a row otherwise; NaN where that cannot be said.

    Beyond 100,000 rows it is left to the export.
    """
    if len(opened.view) > _ROWS_AT_ONCE:
        return np.full(len(opened.view), np.nan, np.float32)
    return cache.flip_risks(opened.run.run_id, opened.at, opened.change, opened.view, opened.rules, opened.outcome)


def unstable(opened: Opened) -> UnstableRows:
    """Rows that other seeds may well decide otherwise, and a sentence about them."""
    if len(opened.view) > _ROWS_AT_ONCE:
        words = f"With more than {_ROWS_AT_ONCE:,} rows, flip risks are worked out by the export alone."
        return UnstableRows(np.empty(0, np.int64), words)
    return actions.outcomes.unstable_rows(opened.rules, opened.outcome, flip_risks(opened))


def distance_words(opened: Opened, row: int) -> str:
    """How far a row lies from the cut that looked at it, and how likely other seeds would move it across."""
    return actions.outcomes.margin_words(opened.outcome, row, float(flip_risks(opened)[row]))
