"""How likely a row would change side if the run were repeated with other seeds."""

from __future__ import annotations

import numpy as np

from core.composite import coefficients
from core.types.curation import Outcome, Rules

from .ranking import goal_of, orientation, score_groups
from .view import ScoreView


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
    shares = coefficients(terms, orientation(view, goal_of(rules)), score_groups(view), rules)
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
