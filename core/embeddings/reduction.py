"""Principal components of more rows than fit in memory at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.types.errors import DataError

FIT_ROWS = 10_000  # the components of a random ten thousand rows are as good as those of all
BLOCK = 1_000  # rows transformed at once: some MB at the usual widths


def fit_rows(count: int, seed: int, limit: int = FIT_ROWS) -> np.ndarray:
    """Sorted rows to fit on: all of them, or `limit` drawn without replacement."""
    if count <= limit:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, limit, replace=False))


def blocks(rows: np.ndarray, size: int = BLOCK) -> Iterator[np.ndarray]:
    """`rows` in consecutive pieces."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def principal_components(sample: np.ndarray, dimensions: int, seed: int):
    """A fitted scikit-learn PCA with at most `dimensions` components."""
    from sklearn.decomposition import PCA

    # with a single row, or equal rows, the share of variance explained is 0/0; nothing here reads that share
    with np.errstate(invalid="ignore", divide="ignore"):
        return PCA(max(1, min(dimensions, *sample.shape)), random_state=seed).fit(sample)


def require_finite(vectors: np.ndarray) -> np.ndarray:
    """float32 [N, d] as given, or `DataError` naming the first row with a NaN or an infinite value."""
    vectors = np.asarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or vectors.shape[1] == 0:
        raise DataError(
            f"The embedding has shape {vectors.shape}.", "Give one vector per example: an array of shape (N, d)."
        )
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise DataError(
            f"The embedding of row {int(bad[0])} is not finite ({len(bad)} such rows).",
            "Remove these rows or mend their vectors.",
        )
    return vectors
