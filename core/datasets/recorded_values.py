"""Whether the numbers of recorded outputs can be what they claim."""

from __future__ import annotations

import numpy as np

from core.types.errors import DataError

from . import report

_BLOCK = 4096  # rows of a mapped array turned into float64 at a time: 32 MB of 1,000 classes
SUM = 1e-2  # how far the sum of a row may be from 1: float16 rows of many classes
_NEAR_ZERO = 1e-6  # how far one probability may be outside 0..1: rounding
# The last layer's inputs explain its outputs to the last digits, float16 ones to 1e-5; activations of another layer or
# moment leave .05 and more (measured on small networks).
_LEAST_EXPLAINED = 0.99
_WIDEST = 2048  # columns of features up to which the fit takes a second or two


def check_probabilities(array: np.ndarray, name: str) -> None:
    """Raise `DataError` for rows [C] outside 0..1 or with another sum than 1; rows that are not finite are reported
    elsewhere, and not judged.
    """
    outside: list[int] = []
    sums: list[int] = []
    for start in range(0, len(array), _BLOCK):
        rows = np.asarray(array[start : start + _BLOCK], dtype=np.float64)
        finite = np.isfinite(rows).all(axis=1)
        within = np.asarray(((rows >= -_NEAR_ZERO) & (rows <= 1 + _NEAR_ZERO)).all(axis=1))
        total = np.where(within[:, None], rows, 0).sum(axis=1)
        outside += (start + np.flatnonzero(finite & ~within)).tolist()
        sums += (start + np.flatnonzero(within & (np.abs(total - 1) > SUM))).tolist()
    for bad, words in ((outside, "has values outside 0..1"), (sums, "does not sum to 1")):
        if bad:
            raise DataError(
                f"{name} {words} in {len(bad):,} of {len(array):,} rows ({report.some_rows(bad)}).",
                'Give the probability of each class, as softmax makes them; name raw outputs "logits".',
            )


def finite_rows(array: np.ndarray, count: int) -> np.ndarray:
    """bool [N]: rows of [..., N, d] without NaN or infinity at any moment."""
    rows = np.moveaxis(array, -2, 0)
    return np.concatenate(
        [np.isfinite(rows[s : s + _BLOCK]).reshape(min(_BLOCK, count - s), -1).all(1) for s in range(0, count, _BLOCK)]
        or [np.zeros(0, bool)]
    )


def refuse_unlike_logits(features: np.ndarray, logits: np.ndarray, name: str) -> None:
    """Raise `DataError` where the last logits are no linear function of the features: then these are not what the last
    layer read, and every score of it would be wrong. Too few rows to tell pass.
    """
    read = np.asarray(features[0, -1], dtype=np.float64)
    rows = np.flatnonzero(np.isfinite(logits[0, -1]).all(axis=1))[: 4 * (read.shape[1] + 1)]
    if len(rows) < 2 * (read.shape[1] + 1) or read.shape[1] > _WIDEST:
        return
    inputs = np.hstack([read[rows], np.ones((len(rows), 1))])
    made = np.asarray(logits[0, -1][rows], dtype=np.float64)
    made = made - made.mean(axis=0)
    left = made - inputs @ np.linalg.lstsq(inputs, made, rcond=None)[0]
    total = np.square(made).sum()
    explained = 1.0 - np.square(left).sum() / total if total else 1.0
    if explained < _LEAST_EXPLAINED:
        raise DataError(
            f"{name}: the logits are no linear function of the features ({explained:.0%} of them explained).",
            "Record what the last layer reads, in eval mode, at the moment of the logits.",
        )
