"""A score prepared for sliders: counts, quantiles and top-k without a scan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from core.types.examples import ExampleTable
from core.types.scores import BINS, ScoreIndex

from .atomic import sha256_of, write_array
from .verified import agrees

STORED_FROM = 20_000  # rows; below this the index is built on opening, quicker than reading three files


def build_index(values: np.ndarray, labels: np.ndarray, class_count: int) -> ScoreIndex:
    """The index of float32 [N] values; NaN rows are left out."""
    rows = np.flatnonzero(~np.isnan(values)).astype(np.int32)
    order = rows[np.argsort(values[rows], kind="stable")]
    ordered = values[order].astype(np.float32)
    empty = ScoreIndex(order, ordered, np.zeros((class_count + 1, BINS), np.int32))
    edges = empty.edges()
    width = (edges[-1] - edges[0]) / BINS
    bins = np.clip(((ordered - edges[0]) / width).astype(np.int64), 0, BINS - 1)
    classes = np.where(labels[order] < 0, class_count, labels[order])
    flat = np.bincount(classes * BINS + bins, minlength=(class_count + 1) * BINS)
    return _read_only(ScoreIndex(order, ordered, flat.reshape(class_count + 1, BINS).astype(np.int32)))


def write_index(folder: Path, name: str, values: np.ndarray, examples: ExampleTable) -> dict[str, str]:
    """Store the index of one score, if the run is large enough for that to pay; returns the sha256 of each part."""
    if len(values) < STORED_FROM:
        return {}
    index = build_index(values, examples.labels, examples.class_count)
    return {part: sha256_of(write_array(_path(folder, name, part), array)) for part, array in _parts(index).items()}


def open_index(
    folder: Path, name: str, values: Callable[[], np.ndarray], examples: ExampleTable, noted: Mapping[str, str]
) -> ScoreIndex:
    """The stored index, memory-mapped, or a fresh one where its files are not those that were noted."""
    paths = {part: _path(folder, name, part) for part in ("order", "values", "counts")}
    if all(agrees(path, noted.get(part)) for part, path in paths.items()):
        return ScoreIndex(*(np.load(path, mmap_mode="r", allow_pickle=False) for path in paths.values()))
    return build_index(values(), examples.labels, examples.class_count)


def _path(folder: Path, name: str, part: str) -> Path:
    return folder / f"{name}.{part}.npy"


def _parts(index: ScoreIndex) -> dict[str, np.ndarray]:
    return {"order": index.order, "values": index.sorted_values, "counts": index.counts}


def _read_only(index: ScoreIndex) -> ScoreIndex:
    for array in _parts(index).values():
        array.flags.writeable = False
    return index
