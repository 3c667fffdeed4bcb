"""Any table file (CSV, TSV, Parquet, JSONL) as one DataFrame of text."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from core.types.errors import DataError
from core.types.examples import Modality

from .columnar import parquet_rows, read_jsonl, read_parquet
from .delimited import read_delimited, read_delimited_head
from .files import MEGABYTE, unreadable
from .huggingface import is_saved, read_saved, saved_rows
from .loader import Request, SourcePreview
from .roles import describe, guess_modality, guess_roles

DELIMITED = (".csv", ".tsv", ".tab")
JSON_LINES = (".jsonl", ".ndjson")
SUFFIXES = (*DELIMITED, ".parquet", ".pq", *JSON_LINES)
_HEAD_ROWS = 1000
_WHOLE = 64 * MEGABYTE


def is_table(path: Path) -> bool:
    """Whether a path is a table file, a folder of Parquet shards, or a dataset saved by Hugging Face datasets."""
    if path.is_dir():
        return is_saved(path) or any(path.glob("*.parquet"))
    return path.suffix.lower() in SUFFIXES


def read_frame(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """All rows as text, and notes on what was assumed. Raises `DataError` with file and line for every fault."""
    suffix = path.suffix.lower()
    if suffix in DELIMITED:
        return read_delimited(path)
    frame = read_jsonl(path) if suffix in JSON_LINES else _columnar(path, None)
    if not len(frame.columns):
        raise DataError(f"{path.name} has no columns.", "Write it again with its columns.")
    if not len(frame):
        raise DataError(f"{path.name} has 0 rows.", "Give a file with rows.")
    return frame, ()


def read_head(path: Path) -> tuple[pd.DataFrame, int | None, tuple[str, ...]]:
    """Enough rows to guess and show, how many there are (None: not counted), and notes."""
    suffix = path.suffix.lower()
    if suffix not in (*DELIMITED, *JSON_LINES):
        return _columnar(path, _HEAD_ROWS), saved_rows(path) if is_saved(path) else parquet_rows(path), ()
    try:
        whole = path.stat().st_size <= _WHOLE
    except OSError as error:
        raise unreadable(path, error) from None
    if whole:
        frame, notes = read_frame(path)
        return frame, len(frame), notes
    if suffix in JSON_LINES:
        return read_jsonl(path, _HEAD_ROWS), None, ()
    frame, notes = read_delimited_head(path)
    return frame, None, notes


def read_sample(path: Path) -> pd.DataFrame:
    """The first rows, as few as guessing needs."""
    if path.suffix.lower() in DELIMITED:
        return read_delimited_head(path)[0]
    return read_jsonl(path, _HEAD_ROWS) if path.suffix.lower() in JSON_LINES else _columnar(path, _HEAD_ROWS)


def _columnar(path: Path, rows: int | None) -> pd.DataFrame:
    return read_saved(path, rows) if is_saved(path) else read_parquet(path, rows)


def modality_of(request: Request, frame: pd.DataFrame) -> Modality:
    """As asked, else as the columns suggest."""
    return request.modality or guess_modality(frame, request.roles)


def inspect_frame(request: Request, loader: str) -> SourcePreview:
    """Columns, guessed roles and the first five rows of a table file."""
    frame, rows, notes = read_head(request.path)
    modality = modality_of(request, frame)
    roles = guess_roles(frame, request.roles, modality)
    return SourcePreview(
        request.name, modality, loader, roles, describe(frame), frame.head(5).reset_index(drop=True), rows, notes
    )
