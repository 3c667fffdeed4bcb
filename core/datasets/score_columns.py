"""Own scores: columns of numbers that a person computed themselves, one for each score."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import ExampleTable
from core.types.recorded import LOW, OwnScore, RecordedFiles
from core.types.registry import check_name

from .files import listed, shortened, unreadable
from .frames import is_table, read_frame
from .recorded_rows import order_of, refuse_skipped
from .roles import NO_NUMBER, is_numeric
from .vector_tables import as_numbers, id_column_of, number_columns

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")  # a part of a path, of a column's name and of an address
_COUNTS = re.compile(r"(?i)(unnamed:.*|index|row|row_index|source_index|rank|)")  # numbers of rows, no scores


def chosen_names(own_scores: Iterable[str]) -> dict[str, bool]:
    """column -> whether its low values are the suspicious ones. Raises `DataError` for a column named twice."""
    chosen: dict[str, bool] = {}
    for text in own_scores:
        name, colon, end = text.rpartition(":")
        is_end = bool(colon) and end in (LOW, "high")
        column = name if is_end else text
        if column in chosen:
            raise DataError(f'The own score "{shortened(column)}" is named twice.', "Name each column once.")
        chosen[column] = is_end and end == LOW
    return chosen


def read_score_columns(files: RecordedFiles, examples: ExampleTable) -> tuple[tuple[OwnScore, ...], tuple[str, ...]]:
    """The own scores of a table file, rows as in `examples`, and what of the file is not used.

    Raises `DataError` for rows that do not fit the examples, columns that are not there or hold no numbers, and names
    that no file could have.
    """
    if files.score_columns is None:
        if files.own_scores:
            raise DataError(f"Own scores are named: {listed(files.own_scores)}.", "Say in which file: --score-columns.")
        return (), ()
    path = Path(files.score_columns).expanduser()
    frame = _frame(path)
    numbers, others = number_columns(frame, examples.roles.id)
    chosen = _chosen(files, frame, numbers, path)
    order, how = _order(frame, examples, path)
    own = tuple(
        OwnScore(_checked_name(name, path), _values(frame, name, path, order), low, path.name, f"joined {how}")
        for name, low in chosen.items()
    )
    left = [name for name in (*numbers, *others) if name not in chosen]
    return own, (f"{path.name}: not used: {listed(left)}",) if left else ()


def _chosen(files: RecordedFiles, frame: pd.DataFrame, numbers: list[str], path: Path) -> dict[str, bool]:
    """column -> whether its low values are the suspicious ones: as named, else every column of numbers, high."""
    chosen = chosen_names(files.own_scores) or {name: False for name in numbers if not _COUNTS.fullmatch(name)}
    if not chosen:
        raise DataError(f"{path.name} has no column of numbers: {listed(frame.columns)}.", "Give a column per score.")
    for name in chosen:
        check_name(name, frame.columns, f"column of {path.name}", DataError)
    return chosen


def _order(frame: pd.DataFrame, examples: ExampleTable, path: Path) -> tuple[np.ndarray | None, str]:
    ids = id_column_of(frame.columns, examples.roles.id)
    if ids is None:
        refuse_skipped(examples, path.name)
    texts = None if ids is None else frame[ids].to_numpy(dtype=object)
    return order_of(texts, len(frame), path.name, examples.ids, examples.source_path, gaps=True)


def _frame(path: Path) -> pd.DataFrame:
    try:
        path.stat()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if path.is_dir() or not is_table(path):
        raise DataError(f"{path.name} is no table.", "Give CSV, TSV, JSONL or Parquet with a column for each score.")
    return read_frame(path)[0]


def _checked_name(name: str, path: Path) -> str:
    if not _NAME.fullmatch(name):
        raise DataError(
            f'{path.name}: "{shortened(name)}" cannot be the name of a score.',
            "Rename the column: letters, digits, _ . and -, up to 64, a letter first.",
        )
    return name


def _values(frame: pd.DataFrame, name: str, path: Path, order: np.ndarray | None) -> np.ndarray:
    """float32 [N], NaN where the file says nothing."""
    cells = frame[name]
    if not is_numeric(cells.tolist()):
        filled = set(cells) - set(NO_NUMBER)
        what = f"no number, such as {shortened(min(filled))!r}" if filled else "no value at all"
        raise DataError(f'{path.name}: the column "{name}" holds {what}.', "Give numbers, or blank cells.")
    with np.errstate(over="ignore"):
        values = as_numbers(cells).astype(np.float32)
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        raise DataError(
            f'{path.name}: "{name}" is infinite in row {row}.',
            "Give finite numbers, or blank cells where there is none.",
        )
    if order is not None:
        values = np.where(order >= 0, values[order], np.float32(np.nan))
    if not np.isfinite(values).any():
        raise DataError(f'{path.name}: "{name}" has no value for any example.', "Leave the column out.")
    return values
