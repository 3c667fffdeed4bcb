"""Which rows other seeds would decide otherwise, and how far a row lies from the cut."""

from __future__ import annotations

import numpy as np

from core.selection import strategy_named
from core.types.figures import digits, probability
from dashboard import cache
from dashboard.opened import Opened

_RISKS_AT_ONCE = 100_000


def flip_risks(opened: Opened) -> np.ndarray:
    """float32 [N] how likely other seeds would decide a row otherwise; NaN where that cannot be said.

    Beyond 100,000 rows it is left to the export: it sorts every score, which no click should wait for.
    """
    if len(opened.view) > _RISKS_AT_ONCE:
        return np.full(len(opened.view), np.nan, np.float32)
    return cache.flip_risks(opened.run.run_id, opened.at, opened.change, opened.view, opened.rules, opened.outcome)


def shaky_rows(opened: Opened) -> tuple[np.ndarray, str]:
    """Rows that other seeds would decide otherwise with a probability of a tenth or more, and a sentence about it."""
    risk = flip_risks(opened)
    known = np.isfinite(risk)
    rows = np.flatnonzero(known & (risk >= 0.1))
    if len(opened.view) > _RISKS_AT_ONCE:
        return rows, f"With more than {_RISKS_AT_ONCE:,} rows, flip risks are worked out by the export alone."
    if not known.any():
        return rows, _why_unknown(opened)
    expected = float(np.nansum(risk))
    return rows, (
        f"{len(rows):,} of {int(known.sum()):,} rows would change side with probability 0.1 or more if the networks "
        f"were trained from other seeds; about {expected:.0f} rows are expected to."
    )


def _why_unknown(opened: Opened) -> str:
    """Why no row has a flip risk."""
    if np.isfinite(opened.outcome.margin).any():
        return "Not known: no score of these rules was computed with several seeds."
    strategy = strategy_named(opened.rules.strategy)
    if strategy.uses_fraction:
        return f"Not worked out for the strategy {strategy.title}: it has no single cut that a row lies near to."
    return "Nothing to cross: these rules make no cut."


def margin_words(opened: Opened, row: int) -> str:
    """How far a row lies from the cut that looked at it, and how likely other seeds would move it across."""
    margin, risk = float(opened.outcome.margin[row]), float(flip_risks(opened)[row])
    if not np.isfinite(margin):
        return "no cut looks at it"
    side = "inside" if margin >= 0 else "beyond"
    flips = f"; other seeds would decide otherwise with probability {probability(risk)}" if np.isfinite(risk) else ""
    return f"{digits(abs(margin), 3)} {side} the cut at {digits(opened.outcome.threshold[row], 3)}{flips}"
