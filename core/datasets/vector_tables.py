"""Tables of numbers: a vector in each row, as one column of lists (Parquet, JSON) or one column for each number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.types.errors import DataError

from .columnar import open_shard, refusals
from .files import listed
from .frames import read_frame
from .limits import Budget
from .roles import LABEL_NAMES, NO_NUMBER, is_numeric, looks_like_ids

_BATCH = 1024  # rows of lists unpacked at a time: 3 MB of 768 float32
_PARQUET = (".parquet", ".pq")


@dataclass(frozen=True, eq=False)
class VectorTable:
    """values: [N, ...] float32 or float64. ids: [N] texts or None. names: of the columns, () for a column of lists."""

    values: np.ndarray
    ids: np.ndarray | None
    names: tuple[str, ...]
    notes: tuple[str, ...]


def read_vectors(path: Path, id_column: str | None) -> VectorTable:
    """The numbers of a table file. Raises `DataError` for lists of unequal lengths and for a table without numbers."""
    if path.suffix.lower() in _PARQUET:
        with refusals(path, "Parquet"):
            if found := _parquet_lists(path, id_column):
                return found
    frame = read_frame(path)[0]
    return _json_lists(frame, path, id_column) or _plain_columns(frame, path, id_column)


def id_column_of(names: Any, id_column: str | None) -> str | None:
    """The column of ids among these names: the one that the data use, else one that is called so."""
    return next((str(name) for name in names if looks_like_ids(str(name), id_column)), None)


def number_columns(frame: pd.DataFrame, id_column: str | None) -> tuple[list[str], list[str]]:
    """Columns of text cells that are numbers, and the others beside the ids; labels are none, whatever they hold."""
    ids = id_column_of(frame.columns, id_column)
    rest = [str(name) for name in frame.columns if name != ids]
    numbers = [n for n in rest if n.lower() not in LABEL_NAMES and is_numeric(frame[n].tolist())]
    return numbers, [name for name in rest if name not in numbers]


def as_numbers(cells: pd.Series) -> np.ndarray:
    """float64 [N] of text cells that `is_numeric` accepts; NaN where a cell holds nothing."""
    return pd.to_numeric(cells.where(~cells.isin(NO_NUMBER)), errors="coerce").to_numpy(np.float64)


def _plain_columns(frame: pd.DataFrame, path: Path, id_column: str | None) -> VectorTable:
    numbers, others = number_columns(frame, id_column)
    if not numbers:
        raise DataError(
            f"{path.name} has no column of numbers: {listed(frame.columns)}.", "Give a column for each number."
        )
    values = np.column_stack([as_numbers(frame[name]) for name in numbers])
    notes = (f"{path.name}: not used: {listed(others)}",) if others else ()
    return VectorTable(values, _ids(frame, id_column), tuple(numbers), notes)


def _ids(frame: pd.DataFrame, id_column: str | None) -> np.ndarray | None:
    column = id_column_of(frame.columns, id_column)
    return None if column is None else frame[column].to_numpy(dtype=object)


def _json_lists(frame: pd.DataFrame, path: Path, id_column: str | None) -> VectorTable | None:
    """A column whose cells are lists of numbers written as JSON; None where there is none."""
    column = next((str(n) for n in frame.columns if all(cell.startswith("[") for cell in frame[n].head(5))), None)
    if column is None:
        return None
    try:
        values = np.array([json.loads(cell) for cell in frame[column]], dtype=np.float64)
    except (ValueError, TypeError, RecursionError):
        raise _unequal(path, column) from None
    return VectorTable(values, _ids(frame, id_column), (), ())


def _unequal(path: Path, column: str) -> DataError:
    return DataError(
        f'{path.name}: the lists in the column "{column}" are no vectors of one length.',
        "Write a list of as many numbers in each row.",
    )


def _parquet_lists(path: Path, id_column: str | None) -> VectorTable | None:
    """The column of lists of a Parquet file; None where it has none."""
    shard = open_shard(path, dictionaries=False)
    names = shard.schema_arrow.names
    column, ids = _list_column(shard.schema_arrow, path), id_column_of(names, id_column)
    if column is None:
        return None
    parts, texts = list[np.ndarray](), list[Any]()
    for batch in _batches(shard, [column, *([ids] if ids else [])], path):
        parts.append(_stacked(batch.column(column), path, column))
        texts += batch.column(ids).to_pylist() if ids else []
    if len({part.shape[1:] for part in parts}) > 1:
        raise _unequal(path, column)
    left = [name for name in names if name not in (column, ids)]
    notes = (f"{path.name}: not used: {listed(left)}",) if left else ()
    values = np.concatenate(parts) if parts else np.zeros((0, 0))
    return VectorTable(values, np.array(list(map(str, texts)), dtype=object) if ids else None, (), notes)


def _list_column(schema: Any, path: Path) -> str | None:
    """The column whose cells are lists of numbers. Raises `DataError` for several."""
    lists = [field.name for field in schema if _depth(field.type)]
    if len(lists) > 1:
        raise DataError(f"{path.name} has {len(lists)} columns of lists: {listed(lists)}.", "Leave only one of them.")
    return lists[0] if lists else None


def _batches(shard: Any, columns: list[str], path: Path) -> Iterator[Any]:
    """A few rows at a time, each looked at and counted before the next."""
    budget, taken = Budget(path.name, path.stat().st_size), 0
    for batch in shard.iter_batches(batch_size=_BATCH, columns=columns, use_threads=False):
        batch.validate(full=True)
        taken += batch.nbytes
        budget.check_bytes(taken)
        yield batch


def _depth(kind: Any) -> int:
    """How deep the lists of numbers are; 0 for what is no list of numbers."""
    from pyarrow import types

    depth = 0
    while types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        kind, depth = kind.value_type, depth + 1
    return depth if types.is_floating(kind) or types.is_integer(kind) else 0


def _stacked(lists: Any, path: Path, column: str) -> np.ndarray:
    """[rows, ...] of lists that all have one length; NaN for a number that is not there."""
    shape: list[int] = []
    while _depth(lists.type):
        inside = lists.flatten()
        if lists.null_count or not len(lists) or len(inside) % len(lists) or not _alike(lists):
            raise _unequal(path, column)
        shape.append(len(inside) // len(lists))
        lists = inside
    kind = np.float32 if str(lists.type) in ("halffloat", "float") else np.float64
    return lists.to_numpy(zero_copy_only=False).astype(kind).reshape(-1, *shape)


def _alike(lists: Any) -> bool:
    from pyarrow import compute

    return len(compute.unique(compute.list_value_length(lists))) == 1
