"""Table rows as standardized numbers and one-hot categories."""

from __future__ import annotations

import numpy as np

from core.types.errors import DataError
from core.types.examples import ExampleTable, Modality
from core.types.progress import Progress, track

from .method import InputEmbedding
from .reduction import fit_rows, principal_components

DIMENSIONS = 64  # as many as images and texts get: wider vectors make neighbors slower, not better
CATEGORIES = 50  # per column; rarer ones share one place
LIMIT = 5.0  # standard deviations: beyond it one wild value would decide every distance


def embed_columns(examples: ExampleTable, seed: int, progress: Progress) -> np.ndarray:
    """float32 [N, <= 64]: numbers standardized, categories one-hot, PCA when that is wider.

    A missing number sits at the median and has a 0/1 mark beside it. Raises `DataError` for a table without columns.
    """
    table = examples.inputs
    if table.shape[1] == 0:
        raise DataError("The table has no feature column.", "Choose at least one column as a feature.")
    parts = [_encode(table[name]) for name in track(progress, list(table.columns), "Embedding the rows")]
    wide = np.concatenate(parts, axis=1)
    if wide.shape[1] <= DIMENSIONS:
        return wide
    components = principal_components(wide[fit_rows(len(wide), seed)], DIMENSIONS, seed)
    return components.transform(wide).astype(np.float32)


def _encode(column) -> np.ndarray:
    from pandas.api.types import is_numeric_dtype

    if is_numeric_dtype(column):
        return _numbers(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return _categories(column)


def _numbers(values: np.ndarray) -> np.ndarray:
    missing = ~np.isfinite(values)
    if missing.all():
        return np.zeros((len(values), 1), dtype=np.float32)
    filled = np.where(missing, np.median(values[~missing]), values)
    spread = filled.std()
    standard = np.clip((filled - filled.mean()) / (spread if spread > 0 else 1.0), -LIMIT, LIMIT)
    return np.stack([standard, missing] if missing.any() else [standard], axis=1).astype(np.float32)


def _categories(column) -> np.ndarray:
    """One place per category, most frequent first, ties in order of name; missing is a category of its own."""
    names, codes = np.unique(column.fillna("").astype(str).to_numpy(dtype=str), return_inverse=True)
    order = np.argsort(-np.bincount(codes), kind="stable")
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.minimum(np.arange(len(names)), CATEGORIES)
    hot = np.zeros((len(codes), min(len(names), CATEGORIES + 1)), dtype=np.float32)
    hot[np.arange(len(codes)), place[codes]] = 1
    return hot


COLUMNS = InputEmbedding(
    name="columns",
    title="Standardized columns",
    modality=Modality.TABLE,
    embed=embed_columns,
    summary="Standardized numbers and one-hot categories, reduced to 64 directions when wider.",
)
