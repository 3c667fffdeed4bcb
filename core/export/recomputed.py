"""Scores computed again against those of an export: how far they moved, and which decisions that flips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.curation import ScoreColumn, ScoreView, apply_rules
from core.types.ranks import spearman

from .levels import LevelReport
from .replay import StoredExport

# Of a score's standard deviation over rows: well above float32 noise, well below what moves a rank far.
TOLERANCE = 1e-3
# Networks trained again on another processor or number of threads end elsewhere: then the order of the rows must agree.
# Measured between one and two threads: rank correlations of .97 and more, VoG .93.
ALIKE = 0.9


def compare_scores(
    stored: StoredExport, ids: Sequence[str], fresh: Mapping[str, np.ndarray], trained_again: bool = False
) -> LevelReport:
    """Largest difference of each score against the tolerance, and the rows whose decision flips with fresh values.

    trained_again: where values differ, orders that agree (rank correlation of `ALIKE`) pass too, and the text says so.
    """
    view = stored.view
    place = {str(key): row for row, key in enumerate(ids)}
    missing = [key for key in view.row_of if key not in place]
    if missing:
        return LevelReport(
            3,
            "Scores recomputed",
            False,
            "Other examples.",
            (f"{len(missing)} exported examples are not in the data, first {missing[0]!r}.",),
        )
    order = np.array([place[str(key)] for key in view.ids], np.int64)
    findings = []
    scores = dict(view.scores)
    for name, column in view.scores.items():
        if name not in fresh:
            findings.append(f"{name} was not recomputed.")
            continue
        values = np.asarray(fresh[name], np.float32)[order]
        scores[name] = replace(column, values=values)
        findings += _difference(name, column.values, values)
    flips = _flips(stored, view.with_scores(scores))
    if findings and trained_again:
        return _alike(stored, scores, findings, flips)
    within = f"{len(view.scores)} scores within" if not findings else f"{len(findings)} scores not within"
    text = f"{within} {TOLERANCE:g} of their standard deviation, {len(flips)} decisions flip."
    return LevelReport(3, "Scores recomputed", not findings and not flips, text, tuple(findings), flips)


def _alike(
    stored: StoredExport, fresh: Mapping[str, ScoreColumn], findings: Sequence[str], flips: tuple[str, ...]
) -> LevelReport:
    """For networks that ended elsewhere: does each score still order the rows as it did?"""
    agreement = {
        name: _rank_correlation(column.values, fresh[name].values) for name, column in stored.view.scores.items()
    }
    unlike = [
        f"{name}: its rank correlation with the exported values is {r:.3f}, below {ALIKE:g}."
        for name, r in agreement.items()
        if r < ALIKE
    ]
    lowest = min(agreement, key=agreement.__getitem__)
    text = (
        f"{len(findings)} scores end elsewhere than on the machine that made them; rank correlations of "
        f"{agreement[lowest]:.3f} ({lowest}) and more, {len(flips)} decisions flip."
    )
    return LevelReport(3, "Scores recomputed", not unlike, text, tuple(unlike), flips)


def _rank_correlation(was: np.ndarray, now: np.ndarray) -> float:
    """Spearman over the rows that have both; 1 for two constants, because then nothing is ordered."""
    both = np.isfinite(was) & np.isfinite(now)
    if both.any() and np.ptp(was[both]) == np.ptp(now[both]) == 0:
        return 1.0
    return spearman(was, now)


def _difference(name: str, was: np.ndarray, now: np.ndarray) -> list[str]:
    if (np.isnan(was) != np.isnan(now)).any():
        return [f"{name}: {int((np.isnan(was) != np.isnan(now)).sum())} rows have a value only in one of the two."]
    if np.isnan(was).all():
        return []
    largest = float(np.nanmax(np.abs(was.astype(np.float64) - now)))
    allowed = TOLERANCE * float(np.nanstd(was.astype(np.float64))) + 1e-6 * float(np.nanmax(np.abs(was)))
    return [f"{name}: differs by up to {largest:.3g}, allowed {allowed:.3g}."] if largest > allowed else []


def _flips(stored: StoredExport, fresh: ScoreView) -> tuple[str, ...]:
    before = apply_rules(stored.view, stored.rules, stored.decisions).kept
    after = apply_rules(fresh, stored.rules, stored.decisions).kept
    return tuple(str(key) for key in stored.view.ids[before != after].tolist())
