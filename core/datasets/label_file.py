"""Labels that lie in a file of their own beside arrays without labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import Modality, Roles

from .array_file import ArrayFile, is_arrays, row_columns
from .files import read_bytes
from .frames import is_table, read_frame
from .roles import guess_roles


def read_label_file(path: Path) -> pd.DataFrame:
    """The columns of a labels file as text: CSV, Parquet, JSONL, .npy, .npz, IDX, or one label a line.

    Raises `DataError` for arrays of which none is 1-D, and for a file that cannot be read.
    """
    if is_table(path):
        return read_frame(path)[0]
    if not is_arrays(path):
        lines = read_bytes(path).decode("utf-8", errors="replace").splitlines()
        return pd.DataFrame({"label": pd.Series(lines, dtype=object)})
    file = ArrayFile(path)
    flat = [h for h in file.headers.values() if len(h.shape) == 1]
    if not flat:
        raise DataError(f"{path.name} holds no array with one label for each example.", "Give a 1-D array.")
    if len(file.headers) == 1:
        return pd.DataFrame({"label": file.text(flat[0].name)})
    return row_columns(file, max(h.shape[0] for h in flat))


def join_labels(columns: pd.DataFrame, path: Path | None, roles: Roles, source: str) -> tuple[pd.DataFrame, Roles]:
    """The person's columns with those of the labels file; joined by id where both have one, else row by row.

    Raises `DataError` saying both lengths when they differ, or naming an id that the labels file does not have.
    """
    if path is None:
        return columns, guess_roles(columns, roles, Modality.TRACE)
    beside = read_label_file(path)
    guess = guess_roles(beside, replace(roles, id=None), Modality.TRACE)
    own_id = roles.id or guess_roles(columns, roles, Modality.TRACE).id
    if own_id and guess.id and own_id in columns:
        beside = _by_id(beside, guess.id, columns[own_id], path.name)
    elif len(beside) != len(columns):
        raise DataError(
            f"{source} has {len(columns):,} rows, but {path.name} has {len(beside):,} rows.",
            "Give one label for each row, in the same order.",
        )
    label = roles.label or guess.label or (str(beside.columns[0]) if len(beside.columns) == 1 else None)
    rest = columns[[c for c in columns.columns if c not in beside.columns]]
    joined = pd.concat([beside.reset_index(drop=True), rest.reset_index(drop=True)], axis=1)
    return joined, guess_roles(joined, replace(roles, label=label), Modality.TRACE)


def _by_id(beside: pd.DataFrame, column: str, ids: pd.Series, name: str) -> pd.DataFrame:
    place = pd.Series(np.arange(len(beside)), index=beside[column].astype(object))
    if not place.index.is_unique:
        raise DataError(
            f'{name} has duplicate ids, first: "{place.index[place.index.duplicated()][0]}".', "Name each once."
        )
    rows = place.reindex(ids.astype(object))
    absent = np.flatnonzero(rows.isna().to_numpy())
    if len(absent):
        raise DataError(
            f'{name} has no label for the id "{ids.iloc[absent[0]]}" ({len(absent):,} in all).',
            "Give a label, or a blank one, for each id.",
        )
    return beside.iloc[rows.to_numpy(dtype=np.int64)].reset_index(drop=True)
