"""What models trained on random subsets of the rows tell about single rows: one set of runs, several scores.

    memorization       mean of right_i over runs with row i, minus that over runs without it
    pairwise influence mean of outcome_t over runs with row i, minus that over runs without it     [V, N]
    Banzhaf            the same of the utility of a run; exactly Data Banzhaf when each row is in with probability 1/2

Outcomes may be 0 or 1 (right or wrong, as published) or any number, such as the margin: finer, hence less noisy.
Feldman & Zhang, NeurIPS 2020; Wang & Jia, AISTATS 2023.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer, Shaped

from core.types.errors import DataError
from core.types.progress import Progress, SilentProgress, track

ROUND = 10  # subsets within which each row is left out equally often


def balanced_subsets(n: int, count: int, ratio: float, rng: np.random.Generator) -> Bool[np.ndarray, "subset row"]:
    """[count, n] bool: each row is in with probability `ratio`, rows independent, as often in every ten subsets."""
    inside = round(ROUND * ratio)
    rounds = [rng.random((ROUND, n)).argsort(axis=0) < inside for _ in range(count // ROUND)]
    return np.concatenate(rounds)


def play_subsets(
    fit: Callable[[Integer[np.ndarray, " row"]], Shaped[np.ndarray, "*shape"]],
    rows: int,
    count: int = 200,
    ratio: float = 0.7,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Bool[np.ndarray, "subset row"], Float[np.ndarray, "subset ..."]]:
    """(inside [R, rows] bool, outcomes [R, ...]) of `count` trainings, made up to a multiple of ten.

    fit: takes the row numbers of a subset, trains on them, and returns whatever is to be explained: 1.0 where a row's
    label is predicted [rows], margins of held-out rows [V], or one utility. ratio: in steps of .1; .5 for Banzhaf.
    Raises `DataError` for less than two rows or another ratio.
    """
    if rows < 2 or not 0.1 <= ratio <= 0.9:
        raise DataError(f"{rows} rows in subsets of {ratio:.0%}.", "Give two rows or more and a ratio from 0.1 to 0.9.")
    inside = balanced_subsets(rows, ROUND * -(-count // ROUND), ratio, np.random.default_rng(seed))
    runs = track(progress or SilentProgress(), inside, f"{len(inside)} subsets of {rows:,} rows", len(inside))
    return inside, np.stack([np.asarray(fit(np.flatnonzero(one)), dtype=np.float64) for one in runs])


def influence_of_runs(
    inside: Shaped[np.ndarray, "*sets"], outcomes: Shaped[np.ndarray, "*outcomes"]
) -> Float64[np.ndarray, "target row"]:
    """[V, n] of inside [R, n] bool and outcomes [R, V]; NaN for rows without runs of both kinds.

    POSITIVE: the outcome is higher with the row. Its standard error is about sqrt(s^2 / with + s^2 / without).
    """
    present, values = _checked(inside, outcomes)
    with_row, without = present.sum(axis=0), (1.0 - present).sum(axis=0)
    total = values.T @ present
    gap = total / np.maximum(with_row, 1) - (values.sum(axis=0)[:, None] - total) / np.maximum(without, 1)
    return np.where((with_row > 0) & (without > 0), gap, np.nan)


def memorization_of_runs(
    inside: Shaped[np.ndarray, "*sets"], correct: Shaped[np.ndarray, "*outcomes"]
) -> Float64[np.ndarray, " row"]:
    """[n] of inside [R, n] bool and each row's own outcome [R, n]; NaN for rows without runs of both kinds.

    Raises `DataError` for arrays that do not fit together.
    """
    present, values = _checked(inside, correct)
    if values.shape != present.shape:
        raise DataError(f"Outcomes of {values.shape[1]} rows for {present.shape[1]}.", "Give one per training row.")
    with_row, without = present.sum(axis=0), (1.0 - present).sum(axis=0)
    gap = (values * present).sum(axis=0) / np.maximum(with_row, 1) - (values * (1.0 - present)).sum(
        axis=0
    ) / np.maximum(without, 1)
    return np.where((with_row > 0) & (without > 0), gap, np.nan)


def banzhaf_of_runs(
    inside: Shaped[np.ndarray, "*sets"], utilities: Shaped[np.ndarray, "*outcomes"]
) -> Float64[np.ndarray, " row"]:
    """[n] of inside [R, n] bool and the utility of each run [R]: maximum sample reuse; NaN as above."""
    return influence_of_runs(inside, np.asarray(utilities, dtype=np.float64)[:, None])[0]


def _checked(
    inside: Shaped[np.ndarray, "*sets"], outcomes: Shaped[np.ndarray, "*outcomes"]
) -> tuple[Float64[np.ndarray, "subset row"], Float64[np.ndarray, "subset target"]]:
    """Both as float64, [R, n] and [R, V]."""
    present, values = np.asarray(inside, dtype=np.float64), np.asarray(outcomes, dtype=np.float64)
    if present.ndim != 2 or values.ndim != 2 or len(present) != len(values):
        raise DataError(
            f"Subsets of shape {present.shape}, outcomes of shape {values.shape}.", "Give one line of each per run."
        )
    if not np.isfinite(values).all():
        raise DataError("An outcome of a run is not finite.", "Leave that run out.")
    return present, values
