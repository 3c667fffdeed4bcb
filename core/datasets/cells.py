"""Arrow columns as text, one cell a row, and what of it a person should know."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from core.types.errors import DataError

_WIDE = 500  # columns from which pandas takes longer for each of them than for their cells
_SHORT = 1000  # rows up to which a list of Python texts costs less than an Arrow array
_REMOVE = "Remove the NUL character."


def column_text(array: Any, name: str, source: str) -> Any:
    """One Arrow array as large_string, a null as the empty text; `DataError` for what has no text."""
    import pyarrow as pa
    from pyarrow import compute, types

    if isinstance(array.type, pa.BaseExtensionType):
        return column_text(array.storage, name, source)
    if types.is_dictionary(array.type):  # each distinct value becomes text once
        return compute.fill_null(column_text(array.dictionary, name, source).take(array.indices), "")
    try:
        return _plain_text(array)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid, ValueError, OverflowError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
        raise DataError(
            f'{source}: the column "{name}" ({array.type}) cannot be read: {reason}.', "Save it as text or as numbers."
        ) from None


def _plain_text(array: Any) -> Any:
    """An array of plain or nested values as large_string; of bytes only their number is told."""
    import pyarrow as pa
    from pyarrow import compute, types

    if types.is_nested(array.type):
        slices = (array.slice(start, _SHORT) for start in range(0, len(array), _SHORT))
        return pa.array([cell_text(value) for some in slices for value in some.to_pylist()], pa.large_string())
    if is_bytes(array.type):
        sizes = compute.fill_null(compute.binary_length(array).cast(pa.large_string()), "0")
        before, after, separator = (pa.scalar(word, pa.large_string()) for word in ("<", " bytes>", ""))
        return compute.binary_join_element_wise(before, sizes, after, separator)
    return compute.fill_null(array.cast(pa.large_string()), "")


def is_bytes(kind: Any) -> bool:
    """Whether an Arrow type holds bytes that are no text."""
    from pyarrow import types

    return types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)


def text_frame(table: Any) -> pd.DataFrame:
    """A table of large_string columns in pandas; very many short ones as one block, where each costs nothing."""
    if table.num_columns <= _WIDE or table.num_rows > _SHORT:
        return table.to_pandas()
    cells = np.array([column.to_pylist() for column in table.columns], dtype=object)
    return pd.DataFrame(cells.T, columns=table.schema.names, dtype=object)


def kind_words(kind: Any) -> str:
    """What a person should know about a column of this Arrow type when it is read as text; mostly nothing."""
    import pyarrow as pa
    from pyarrow import types

    while isinstance(kind, pa.BaseExtensionType) or types.is_dictionary(kind):
        kind = kind.value_type if types.is_dictionary(kind) else kind.storage_type
    if types.is_nested(kind):
        what = "objects" if types.is_struct(kind) else "maps" if types.is_map(kind) else "lists"
        return f"holds {what}: each cell is read as one text, not as numbers"
    if is_bytes(kind):
        return "holds bytes: only how many there are is read"
    return ""


def cell_text(value: Any) -> str:
    """A JSON value as the text of one cell; null is the empty text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def refuse_nul(columns: pd.DataFrame, source: str) -> None:
    """Raise `DataError` naming the first NUL of a table of text: "a" and "a\\0" are one name in many tools."""
    for name in columns.columns:
        if "\0" in str(name):
            raise DataError(f"{source}: the name of the column {name!r} holds a NUL.", _REMOVE)
        rows = _with_nul(columns[name])
        if len(rows):
            raise DataError(f'{source}: a NUL in row {rows[0]} of the column "{name}".', _REMOVE)


def _with_nul(column: pd.Series) -> np.ndarray:
    if isinstance(column.dtype, pd.StringDtype) and len(column) > _SHORT:
        return np.flatnonzero(column.str.contains("\0", regex=False).to_numpy(bool))
    return np.flatnonzero(["\0" in str(cell) for cell in column.tolist()])
