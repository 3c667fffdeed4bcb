"""How likely a row would change side if the run were repeated with other seeds, as numbers and in words."""

from __future__ import annotations

import numpy as np

from core.composite import coefficients
from core.selection import strategy_named
from core.types.curation import Outcome, Rules
from core.types.figures import digits, probability
from core.types.review import UnstableRows

from .ranking import goal_of, orientation, score_groups
from .view import ScoreView

_LIKELY = 0.1  # at one in ten a person should know that the row could as well have gone the other way


def flip_risk(view: ScoreView, rules: Rules, outcome: Outcome) -> np.ndarray:
    """[N] float32 in 0..0.5: normal tail beyond the margin, NaN where no cut looked at the row or no seeds say.

    The spread of the composite is carried over from each score: the score is moved by its standard error over seeds
    (sd / sqrt(seeds)), its rank change is weighted as in the composite, and the squares add up (scores taken as
    independent given the row). A cut on a single score uses that score's standard error itself.
    """
    from scipy.special import ndtr

    spread = _spread(view, rules)
    known = np.isfinite(spread) & np.isfinite(outcome.margin)
    out = np.full(len(view), np.nan, np.float32)
    distance = np.abs(outcome.margin[known].astype(np.float64))
    # no spread at all: the row stays on its side
    steps = np.divide(distance, spread[known], out=np.full(len(distance), np.inf), where=spread[known] > 0)
    out[known] = ndtr(-steps)
    return out


def _spread(view: ScoreView, rules: Rules) -> np.ndarray:
    """[N] standard error of what the cut is made on."""
    singles = [t.score for t in rules.thresholds if t.score != "composite"]
    if singles and not any(t.score == "composite" for t in rules.thresholds):
        return _standard_error(view, singles[0])
    return _composite_spread(view, rules)


def _standard_error(view: ScoreView, name: str) -> np.ndarray:
    column = view.score(name)
    if column.standard_deviation is None or column.seed_count < 2:
        return np.full(len(view), np.nan)
    return column.standard_deviation.astype(np.float64) / np.sqrt(column.seed_count)


def _composite_spread(view: ScoreView, rules: Rules) -> np.ndarray:
    how = (rules.transform, rules.within_class, rules.guardrails.lock_held_out)
    terms = view.terms(*how)
    signs, groups = orientation(view, goal_of(rules)), score_groups(view)
    shares = coefficients(terms.names, signs, groups, rules, terms.patterns[0])
    slopes = view.remember(("slopes", *how), dict)  # no weight moves them: a released slider only adds them up
    total = np.zeros(len(view))
    seen = np.zeros(len(view), bool)
    for k, (name, share) in enumerate(shares.items()):
        error = _standard_error(view, name)
        if share == 0.0 or np.isnan(error).all():
            continue
        if name not in slopes:
            slopes[name] = np.nan_to_num(_slope(view.scores[name].values, terms.matrix[k], error))
        total += (share * slopes[name]) ** 2
        seen |= np.isfinite(error) & np.isfinite(view.scores[name].values)
    return np.where(seen, np.sqrt(total), np.nan)


def _slope(values: np.ndarray, term: np.ndarray, error: np.ndarray) -> np.ndarray:
    """[N] half the distance between the terms of value - error and value + error, by the run's own distribution."""
    finite = np.flatnonzero(np.isfinite(values))
    order = finite[np.argsort(values[finite], kind="stable")]
    x, y = values[order].astype(np.float64), term[order].astype(np.float64)
    out = np.full(len(values), np.nan)
    shift = np.nan_to_num(error[finite])
    centre = values[finite].astype(np.float64)
    out[finite] = (np.interp(centre + shift, x, y) - np.interp(centre - shift, x, y)) / 2.0
    return out


def unstable_rows(rules: Rules, outcome: Outcome, risk: np.ndarray) -> UnstableRows:
    """The rows that other seeds may well decide otherwise; none of them, with the reason, where no risk is known.

    risk: [N] as `flip_risk` gives it for these rules and their outcome.
    """
    known = np.isfinite(risk)
    rows = np.flatnonzero(known & (risk >= _LIKELY))
    if not known.any():
        return UnstableRows(rows, _why_unknown(rules, outcome))
    return UnstableRows(
        rows,
        f"{len(rows):,} of {int(known.sum()):,} rows would change side with probability {_LIKELY:g} or more if the "
        f"networks were trained from other seeds; about {float(np.nansum(risk)):.0f} rows are expected to.",
    )


def _why_unknown(rules: Rules, outcome: Outcome) -> str:
    if np.isfinite(outcome.margin).any():
        return "Not known: no score of these rules was computed with several seeds."
    strategy = strategy_named(rules.strategy)
    if strategy.uses_fraction:
        return f"Not worked out for the strategy {strategy.title}: it has no single cut that a row lies near to."
    return "Nothing to cross: these rules make no cut."


def margin_words(outcome: Outcome, row: int, risk: float) -> str:
    """A row's distance from the cut that decided it, and its flip risk where that is known (not NaN)."""
    margin = float(outcome.margin[row])
    if not np.isfinite(margin):
        return "no cut looks at it"
    side = "inside" if margin >= 0 else "beyond"
    flips = f"; other seeds would decide otherwise with probability {probability(risk)}" if np.isfinite(risk) else ""
    return f"{digits(abs(margin), 3)} {side} the cut at {digits(outcome.threshold[row], 3)}{flips}"
