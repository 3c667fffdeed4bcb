"""Weights and orientation turn normalised scores into one number per example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64, Integer

from core.types.curation import Rules
from core.types.errors import RulesError
from core.types.registry import find

from .aggregators import AGGREGATORS
from .normalise import normalise
from .terms import Terms

_BLOCK = 16384  # rows per block: its float64 sums stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Composite:
    """values: NaN where no weighted score is present. coverage: share of the weighted groups that are present, 0..1."""

    values: Float[np.ndarray, " example"]
    coverage: Float32[np.ndarray, " example"]


def combine(
    terms: Terms,
    orientation: Mapping[str, int],
    groups: Mapping[str, str],
    rules: Rules,
    kind: type[np.floating] = np.float64,
) -> Composite:
    """Weighted mean inside each group, then over the groups present for a row by `rules.aggregator`.

    orientation: score -> -1, 0 (left out) or +1, so that a high composite serves the goal. kind: type of the values
    returned; they are summed as float64 whatever it is. Raises `RulesError` for a negative weight or an unknown
    aggregator.
    """
    weights = _weights(terms.names, orientation, groups, rules)
    aggregator = find(rules.aggregator, AGGREGATORS, "aggregator", RulesError)
    if aggregator.linear:
        return _linear(terms, weights, kind)
    means, shares = _group_means(terms, weights)
    if aggregator.of_ranks:
        means = np.array([normalise(t) for t in means]).reshape(means.shape)
    coverage = _coverage(terms, weights)
    return Composite(aggregator.join(means, shares).astype(kind, copy=False), coverage)


@dataclass(frozen=True, eq=False)
class _Weights:
    """The oriented weight of each score inside its group, and the weight of each group."""

    signed: Float64[np.ndarray, " score"]  # orientation times weight, 0 = left out
    group_of: Integer[np.ndarray, " score"]  # index into group_weights
    group_weights: Float64[np.ndarray, " group"]


def _weights(
    names: tuple[str, ...], orientation: Mapping[str, int], groups: Mapping[str, str], rules: Rules
) -> _Weights:
    for kind, weights in (("score", rules.score_weights), ("group", rules.group_weights)):
        for name, weight in weights.items():
            if not (np.isfinite(weight) and weight >= 0):
                raise RulesError(f"The weight of the {kind} {name!r} is {weight}.", "Give a number of 0 or more.")
    titles = tuple(dict.fromkeys(groups[name] for name in names))
    group_weights = np.array([rules.group_weights.get(title, 1.0) for title in titles], float)
    group_of = np.array([titles.index(groups[name]) for name in names], int)
    signed = np.array([orientation.get(name, 0) * rules.score_weights.get(name, 1.0) for name in names], float)
    signed[group_weights[group_of] == 0] = 0.0
    return _Weights(signed, group_of, group_weights)


def _pattern_coefficients(pattern: int, weights: _Weights) -> tuple[Float64[np.ndarray, " score"], float]:
    """Linear coefficient of each score for rows where exactly the scores of `pattern` are present, and the coverage."""
    present = np.array([bool(pattern >> k & 1) for k in range(len(weights.signed))], bool)
    active = np.where(present, np.abs(weights.signed), 0.0)
    inside = np.bincount(weights.group_of, active, minlength=len(weights.group_weights))
    possible = np.bincount(weights.group_of, np.abs(weights.signed), minlength=len(weights.group_weights)) > 0
    total = weights.group_weights[inside > 0].sum()
    whole = weights.group_weights[possible].sum()
    if total == 0:
        return np.zeros(len(present)), 0.0
    row = np.zeros(len(present))
    for k in np.flatnonzero(active):
        group = weights.group_of[k]
        # inside the group first: a tiny weight divided by a tiny sum stays in range
        row[k] = weights.signed[k] / inside[group] * (weights.group_weights[group] / total)
    return row, float(total / whole)


def coefficients(
    names: tuple[str, ...],
    orientation: Mapping[str, int],
    groups: Mapping[str, str],
    rules: Rules,
    pattern: int | None = None,
) -> dict[str, float]:
    """Signed weight of each score's term: c = sum of coefficient x term, exact for the aggregator "mean".

    pattern: the bits of the scores that the row has, all of `names` when not given. This is what a browser needs to
    follow a dragged weight.
    """
    everything = (1 << len(names)) - 1
    weights = _weights(names, orientation, groups, rules)
    row, _ = _pattern_coefficients(everything if pattern is None else pattern, weights)
    return dict(zip(names, row.tolist(), strict=True))


def _linear(terms: Terms, weights: _Weights, kind: type[np.floating]) -> Composite:
    values = np.empty(terms.rows, kind)
    row, covered = _pattern_coefficients(terms.patterns[0], weights)
    coverage = np.broadcast_to(np.float32(covered), terms.rows)
    if covered:
        _sum_all(terms.matrix, row, values)
    else:
        values[:] = np.nan
    if len(terms.patterns) > 1:
        coverage = coverage.copy()
    for pattern, rows in zip(terms.patterns[1:], terms.pattern_rows[1:], strict=True):
        assert rows is not None  # only the first kind of row is "all others"
        row, covered = _pattern_coefficients(pattern, weights)
        coverage[rows] = covered
        values[rows] = _sum_some(terms.matrix, row, rows) if covered else np.nan
    return Composite(values, coverage)


def _sum_all(
    matrix: Float32[np.ndarray, "score example"],
    row: Float64[np.ndarray, " score"],
    out: Float[np.ndarray, " example"],
) -> None:
    """out = row @ matrix in plain element-wise steps of float64: the same bits on every machine."""
    active = np.flatnonzero(row)
    total, term = np.empty(_BLOCK), np.empty(_BLOCK)
    for start in range(0, len(out), _BLOCK):
        size = min(_BLOCK, len(out) - start)
        total[:size] = 0.0
        for k in active:
            np.multiply(matrix[k, start : start + size], row[k], out=term[:size], dtype=np.float64)
            total[:size] += term[:size]
        out[start : start + size] = total[:size]


def _sum_some(
    matrix: Float32[np.ndarray, "score example"], row: Float64[np.ndarray, " score"], rows: Integer[np.ndarray, " row"]
) -> Float64[np.ndarray, " row"]:
    total = np.zeros(len(rows))
    for k in np.flatnonzero(row):
        total += matrix[k, rows].astype(np.float64) * row[k]
    return total


def _coverage(terms: Terms, weights: _Weights) -> Float32[np.ndarray, " example"]:
    coverage = np.empty(terms.rows, np.float32)
    for pattern, rows in zip(terms.patterns, terms.pattern_rows, strict=True):
        coverage[slice(None) if rows is None else rows] = _pattern_coefficients(pattern, weights)[1]
    return coverage


def _group_means(
    terms: Terms, weights: _Weights
) -> tuple[Float64[np.ndarray, "group example"], Float64[np.ndarray, " group"]]:
    """Weighted mean of each weighted group, NaN where it is absent, and the weights of these groups."""
    means, shares = [], []
    for group, weight in enumerate(weights.group_weights):
        members = np.flatnonzero((weights.group_of == group) & (weights.signed != 0))
        if weight == 0 or len(members) == 0:
            continue
        total, norm = np.zeros(terms.rows), np.zeros(terms.rows)
        for k in members:
            total += terms.matrix[k].astype(np.float64) * weights.signed[k]  # absent scores hold 0
            norm += terms.present(int(k)) * abs(weights.signed[k])
        means.append(np.divide(total, norm, out=np.full(terms.rows, np.nan), where=norm > 0))
        shares.append(weight)
    return np.array(means, float).reshape(len(means), terms.rows), np.array(shares, float)
