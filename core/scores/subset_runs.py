"""What models trained on random subsets of the rows tell about single rows: one set of runs, several scores.

    memorization       mean of right_i over runs with row i, minus that over runs without it
    pairwise influence mean of outcome_t over runs with row i, minus that over runs without it     [V, N]
    Banzhaf            the same of the utility of a run; exactly Data Banzhaf when each row is in with probability 1/2

Outcomes may be 0 or 1 (right or wrong, as published) or any number, such as the margin: finer, hence less noisy.
Feldman & Zhang, NeurIPS 2020; Wang & Jia, AISTATS 2023.
"""

from __future__ import annotations

import numpy as np

from core.types.errors import DataError


def influence_of_runs(inside: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """[V, n] of inside [R, n] bool and outcomes [R, V]; NaN for rows without runs of both kinds.

    POSITIVE: the outcome is higher with the row. Its standard error is about sqrt(s^2 / with + s^2 / without).
    """
    present, found = _checked(inside, outcomes)
    with_row, without = present.sum(axis=0), (1.0 - present).sum(axis=0)
    total = found.T @ present
    gap = total / np.maximum(with_row, 1) - (found.sum(axis=0)[:, None] - total) / np.maximum(without, 1)
    return np.where((with_row > 0) & (without > 0), gap, np.nan)


def memorization_of_runs(inside: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """[n] of inside [R, n] bool and each row's own outcome [R, n]; NaN for rows without runs of both kinds."""
    present, found = _checked(inside, correct)
    if found.shape != present.shape:
        raise DataError(f"Outcomes of {found.shape[1]} rows for {present.shape[1]}.", "Give one per training row.")
    with_row, without = present.sum(axis=0), (1.0 - present).sum(axis=0)
    gap = (found * present).sum(axis=0) / np.maximum(with_row, 1) - (found * (1.0 - present)).sum(axis=0) / np.maximum(
        without, 1
    )
    return np.where((with_row > 0) & (without > 0), gap, np.nan)


def banzhaf_of_runs(inside: np.ndarray, utilities: np.ndarray) -> np.ndarray:
    """[n] of inside [R, n] bool and the utility of each run [R]: maximum sample reuse; NaN as above."""
    return influence_of_runs(inside, np.asarray(utilities, dtype=np.float64)[:, None])[0]


def _checked(inside: np.ndarray, outcomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64, [R, n] and [R, V]."""
    present, found = np.asarray(inside, dtype=np.float64), np.asarray(outcomes, dtype=np.float64)
    if present.ndim != 2 or found.ndim != 2 or len(present) != len(found):
        raise DataError(
            f"Subsets of shape {present.shape}, outcomes of shape {found.shape}.", "Give one line of each per run."
        )
    if not np.isfinite(found).all():
        raise DataError("An outcome of a run is not finite.", "Leave that run out.")
    return present, found
