"""Planted label flips: how many of them each score finds, and non-negative weights that find them best.

The truth is planted by us in a copy, so it is known without an answer key. Weights are learned on ranks, the unit that
composites add up: a logistic model of "was flipped" with weights >= 0, cross-fitted over folds of rows, so that the
gain over the best single score (chosen on the same training folds) and over equal weights is measured on rows that
chose nothing. Symmetric flips are easier to find than people's mistakes: recalls are upper bounds, weights a start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from core.composite import normalise
from core.curation import wilson
from core.types.checks import Gain, ScoreRecall, SelfTestResult
from core.types.curation import Rules
from core.types.errors import DataError

from .fault_detection import auroc, average_precision, precision_at_k

INSPECTED = (0.05, 0.10, 0.20)  # of the rows, worst first: what a person may have the time to look through
_FOLDS = 5  # weights are learned on four fifths of the rows and judged on the fifth
_REPEATS = 500  # of the bootstrap
_RIDGE = 1e-3  # keeps weights finite where a score separates the flips perfectly
_LEAST_FLIPS = 10  # of fewer, one flip moves a recall by more than ten points


def plant_flips(labels: np.ndarray, rows: np.ndarray, flip: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(labels [N] with a share `flip` of `rows` moved to another class that occurs, evenly; the flipped rows).

    Raises `DataError` when that is fewer than ten flips, or there is one class only.
    """
    rng = np.random.default_rng([seed, 5])
    classes = np.unique(labels[rows])
    count = round(flip * len(rows))
    if len(classes) < 2 or count < _LEAST_FLIPS or not 0.0 < flip <= 0.5:
        raise DataError(
            f"{flip:.1%} of {len(rows):,} training rows in {len(classes)} classes: too little to plant.",
            f"A self-test needs two classes, {_LEAST_FLIPS} flips or more, and at most half of the labels.",
        )
    chosen = np.sort(rng.choice(rows, count, replace=False))
    out = labels.copy()
    place = np.searchsorted(classes, labels[chosen])
    out[chosen] = classes[(place + rng.integers(1, len(classes), count)) % len(classes)]
    return out, chosen


@dataclass(frozen=True, eq=False)
class Suggestion:
    """weights: score -> weight, the largest 1; found: [n] cross-fitted composite; best: the best single score's."""

    weights: dict[str, float]
    found: np.ndarray
    best: np.ndarray


def measure(
    suspicion: Mapping[str, np.ndarray],
    flipped: np.ndarray,
    groups: Mapping[str, str],
    *,
    key: str,
    flip: float,
    seed: int,
    not_tested: Mapping[str, str],
    notes: tuple[str, ...] = (),
) -> SelfTestResult:
    """Figures of each score and of their weighting; suspicion: score -> [n] over the training rows, high = suspected.

    flipped: [n] bool. Raises `DataError` without any score.
    """
    if not suspicion:
        raise DataError(
            "None of this run's scores can be tested with planted flips.",
            "; ".join(f"{name}: {why}" for name, why in not_tested.items()),
        )
    terms = {name: np.nan_to_num(normalise(values)).astype(np.float64) for name, values in suspicion.items()}
    equal = equal_weights(terms, groups)
    suggested = suggest(terms, flipped, seed)
    gains = tuple(
        _gain(over, suggested.found, other, flipped, seed)
        for over, other in (("the best single score", suggested.best), ("equal weights", equal))
    )
    recalls = tuple(recall_of(name, term, flipped) for name, term in terms.items())
    composites = (recall_of("suggested weights", suggested.found, flipped), recall_of("equal weights", equal, flipped))
    return SelfTestResult(
        key,
        flip,
        seed,
        len(flipped),
        int(flipped.sum()),
        recalls,
        composites,
        suggested.weights,
        {name: groups[name] for name in terms},
        gains,
        dict(not_tested),
        notes,
    )


def recall_of(name: str, suspicion: np.ndarray, flipped: np.ndarray) -> ScoreRecall:
    """Share of the flips among the most suspected rows; where the border is tied, what a random order would find."""
    total = int(flipped.sum())
    counts = [max(1, round(share * len(flipped))) for share in INSPECTED]
    hits = [precision_at_k(suspicion, flipped, k) * k for k in counts]
    ends = [wilson(h, total) for h in hits]
    return ScoreRecall(
        name,
        INSPECTED,
        tuple(h / total for h in hits),
        tuple(e[0] for e in ends),
        tuple(e[1] for e in ends),
        average_precision(suspicion, flipped),
        auroc(suspicion, flipped),
    )


def equal_weights(terms: Mapping[str, np.ndarray], groups: Mapping[str, str]) -> np.ndarray:
    """The composite without weights: mean inside each group, then over groups (METHODS: The composite)."""
    titles = dict.fromkeys(groups[name] for name in terms)
    return np.mean([np.mean([t for n, t in terms.items() if groups[n] == g], axis=0) for g in titles], axis=0)


def suggest(terms: Mapping[str, np.ndarray], flipped: np.ndarray, seed: int) -> Suggestion:
    """Weights from all rows, and what weights from the other folds make of each fold."""
    names = list(terms)
    matrix = np.column_stack([terms[name] for name in names])
    combined, best = np.empty(len(flipped)), np.empty(len(flipped))
    fold_of = _folds(flipped, seed)
    for fold in range(_FOLDS):
        inside, rest = fold_of == fold, fold_of != fold
        combined[inside] = matrix[inside] @ _shares(non_negative_weights(matrix[rest], flipped[rest]))
        found_by = [auroc(matrix[rest, c], flipped[rest]) for c in range(len(names))]
        best[inside] = matrix[inside, int(np.argmax(found_by))]
    weights = non_negative_weights(matrix, flipped)
    top = weights.max()
    scaled = weights / top if top > 0 else np.ones(len(names))
    return Suggestion({n: round(float(w), 3) for n, w in zip(names, scaled, strict=True)}, combined, best)


def non_negative_weights(matrix: np.ndarray, flipped: np.ndarray) -> np.ndarray:
    """[m] weights >= 0 of the logistic model of `flipped` [n] on `matrix` [n, m], with a slight ridge."""
    from scipy.optimize import minimize

    start = np.concatenate([np.ones(matrix.shape[1]), [0.0]])
    bounds = [(0.0, None)] * matrix.shape[1] + [(None, None)]
    done = minimize(
        penalised_loss,
        start,
        (matrix, flipped.astype(np.float64)),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-8},
    )
    return np.asarray(done.x[:-1])


def penalised_loss(w: np.ndarray, matrix: np.ndarray, flipped: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean logistic loss with ridge, and its gradient; the last entry of w is the intercept."""
    z = matrix @ w[:-1] + w[-1]
    loss = float(np.mean(np.logaddexp(0.0, z) - flipped * z) + 0.5 * _RIDGE * (w[:-1] ** 2).sum() / 100.0)
    error = (0.5 * (1.0 + np.tanh(0.5 * z)) - flipped) / len(z)
    return loss, np.concatenate([matrix.T @ error + _RIDGE * w[:-1] / 100.0, [error.sum()]])


def _shares(weights: np.ndarray) -> np.ndarray:
    """Sum one, so that rows of different folds compare."""
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(weights), 1.0 / len(weights))


def _folds(flipped: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, 6])
    out = np.empty(len(flipped), np.int64)
    for rows in (np.flatnonzero(flipped), np.flatnonzero(~flipped)):
        out[rng.permutation(rows)] = np.arange(len(rows)) % _FOLDS
    return out


def _gain(over: str, composite: np.ndarray, other: np.ndarray, flipped: np.ndarray, seed: int) -> Gain:
    """Difference of AUROC; rows are drawn again with replacement, flips and others apart."""
    rng = np.random.default_rng([seed, 7])
    places = [np.unique(-values, return_inverse=True)[1] for values in (composite, other)]
    differences = []
    for _ in range(_REPEATS):
        times = np.zeros(len(flipped))
        for rows in (np.flatnonzero(flipped), np.flatnonzero(~flipped)):
            times[rows] = np.bincount(rng.integers(0, len(rows), len(rows)), minlength=len(rows))
        first, second = (_weighted_auroc(place, flipped, times) for place in places)
        differences.append(first - second)
    low, high = np.quantile(differences, [0.025, 0.975])
    return Gain(over, auroc(composite, flipped) - auroc(other, flipped), float(low), float(high))


def _weighted_auroc(place: np.ndarray, flipped: np.ndarray, times: np.ndarray) -> float:
    """AUROC where row i stands `times[i]` times in the list; place: rank of its value, 0 = most suspected."""
    flips, others = np.bincount(place, times * flipped), np.bincount(place, times * ~flipped)
    below = others.sum() - np.cumsum(others)
    return float((flips * (below + others / 2.0)).sum() / (flips.sum() * others.sum()))


def with_suggested_weights(rules: Rules, result: SelfTestResult) -> Rules:
    """`rules` with these weights: score weights inside each group, the group's weight their sum.

    So the composite is exactly the weighted mean of all tested scores. Scores that were not tested get weight 0.
    """
    totals: dict[str, float] = {}
    for name, weight in result.weights.items():
        totals[result.groups[name]] = totals.get(result.groups[name], 0.0) + weight
    untested = dict.fromkeys(result.not_tested, 0.0)
    return replace(
        rules,
        score_weights={**untested, **result.weights},
        preset=None,
        aggregator="mean",
        group_weights={group: round(total, 3) for group, total in totals.items()},
    )
