"""Tables: standardised numbers with missing indicators, one-hot categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from core.store.atomic import read_json, write_json
from core.types.errors import DataError
from core.types.examples import ExampleTable, Modality
from core.types.validation import validated

from .family import InputShape
from .vector_rows import VectorRows

_CLIP = 8.0  # standard deviations: a single huge amount must not drown every other column
_MOST_LEVELS = 64  # rarer levels of a column share one "other" slot


@dataclass(frozen=True)
class Column:
    """One original column: `levels` is None for numbers. A missing-value slot is the last one where `missing`."""

    name: str
    mean: float = 0.0
    std: float = 1.0
    levels: tuple[str, ...] | None = None
    missing: bool = False
    other: bool = False

    @property
    def width(self) -> int:
        """How many encoded columns it takes."""
        return (1 if self.levels is None else len(self.levels) + self.other) + self.missing


class _Saved(TypedDict):
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class TableEncoder:
    """Encoded columns follow the order of the original ones; `columns_of` tells which belong to which."""

    columns: tuple[Column, ...]
    kind = "table"

    @classmethod
    def fit(cls, examples: ExampleTable, rows: np.ndarray) -> TableEncoder:
        """Means, spreads and levels of `rows`; missing slots where any row of the table lacks a value.

        Raises `DataError` for a table without columns.
        """
        frame = examples.inputs
        if frame.shape[1] == 0:
            raise DataError(
                "The table has no feature column.", "Leave at least one column besides label, id and split."
            )
        return cls(tuple(_fit_column(str(name), frame[name], rows) for name in frame.columns))

    @property
    def shape(self) -> InputShape:
        """(encoded columns,)."""
        return InputShape(Modality.TABLE, (sum(c.width for c in self.columns),))

    @property
    def columns_of(self) -> Mapping[str, tuple[int, ...]]:
        """Original column -> positions of its encoded columns."""
        starts = np.cumsum([0, *(c.width for c in self.columns)])
        return {c.name: tuple(range(s, s + c.width)) for c, s in zip(self.columns, starts, strict=False)}

    def matrix(self, examples: ExampleTable) -> np.ndarray:
        """[N, d] float32."""
        return self.matrix_of(examples.inputs)

    def matrix_of(self, frame: Any) -> np.ndarray:
        """[n, d] float32 for a DataFrame with the original columns; `DataError` names a missing one."""
        absent = [c.name for c in self.columns if c.name not in frame.columns]
        if absent:
            raise DataError(
                f"Column {absent[0]!r} is not in the table.", f"Columns there: {', '.join(map(str, frame.columns))}."
            )
        out = np.zeros((len(frame), self.shape.dims[0]), dtype=np.float32)
        for column, places in zip(self.columns, self.columns_of.values(), strict=True):
            _fill(out[:, places[0] : places[-1] + 1], column, frame[column.name]) if places else None
        return out

    def encode(self, examples: ExampleTable, scratch: Path | None = None) -> VectorRows:
        """[N, d] as batches."""
        return VectorRows(self.matrix(examples))

    def save(self, folder: Path) -> None:
        """encoder.json."""
        write_json(folder / "encoder.json", {"kind": self.kind, "columns": [asdict(c) for c in self.columns]})

    @classmethod
    def load(cls, folder: Path) -> TableEncoder:
        """The inverse of `save`."""
        return cls(validated(read_json(folder / "encoder.json", _Saved)["columns"], tuple[Column, ...]))


def _is_number(series: Any) -> bool:
    return np.issubdtype(series.dtype, np.number) if isinstance(series.dtype, np.dtype) else False


def _fit_column(name: str, series: Any, rows: np.ndarray) -> Column:
    missing = bool(series.isna().any())
    seen = series.iloc[rows].dropna()
    if _is_number(series):
        values = seen.to_numpy(dtype=np.float64)
        std = float(values.std()) if len(values) else 0.0
        return Column(name, float(values.mean()) if len(values) else 0.0, std if std > 0 else 1.0, None, missing)
    levels, counts = np.unique(seen.astype(str).to_numpy(dtype=object), return_counts=True)
    kept = np.sort(np.argsort(-counts, kind="stable")[:_MOST_LEVELS])
    return Column(name, levels=tuple(str(levels[i]) for i in kept), missing=missing, other=len(kept) < len(levels))


def _fill(out: np.ndarray, column: Column, series: Any) -> None:
    absent = series.isna().to_numpy()
    if column.levels is None:
        values = (series.to_numpy(dtype=np.float64) - column.mean) / column.std
        out[:, 0] = np.where(absent, 0.0, np.clip(values, -_CLIP, _CLIP))
    else:
        place = {level: i for i, level in enumerate(column.levels)}
        unknown = len(column.levels) if column.other else -1  # an unseen level without an "other" slot: all zeros
        codes = np.array([place.get(str(v), unknown) for v in series.to_numpy(dtype=object)])
        hit = np.flatnonzero((codes >= 0) & ~absent)
        out[hit, codes[hit]] = 1.0
    if column.missing:
        out[absent, column.width - 1] = 1.0
