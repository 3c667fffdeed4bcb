"""`indices`: which rows of the source stay and how much each counts, as two arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .format import ExportFormat, HandOver

ROWS, WEIGHTS = "kept_rows.npy", "kept_weights.npy"


def write_indices(handed: HandOver, folder: Path) -> dict[str, int]:
    """kept_rows.npy: int64 [kept] places in the source, from 0, in its order. kept_weights.npy: float32 [kept], 0 where
    a row is kept but not trained on (held out, or without a label).
    """
    np.save(folder / ROWS, handed.source_index[handed.kept_rows])
    np.save(folder / WEIGHTS, handed.weights[handed.kept_rows])
    return {ROWS: len(handed.kept_rows), WEIGHTS: len(handed.kept_rows)}


INDICES = ExportFormat(
    name="indices",
    title="Row numbers",
    summary="kept_rows.npy, the rows of your source that stay, and kept_weights.npy, how much each counts.",
    write=write_indices,
    files=(ROWS, WEIGHTS),
    opened_by='numpy.load("kept_rows.npy")',
)
