"""Any table file (CSV, TSV, Parquet, JSONL) as one DataFrame of text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from core.types.errors import DataError
from core.types.examples import Finding, Modality
from core.types.previews import SourcePreview

from .columnar import parquet_rows, read_parquet
from .delimited import read_delimited, read_delimited_head
from .files import MEGABYTE, unreadable
from .huggingface import is_saved, read_saved, saved_rows
from .jsonl import read_jsonl
from .loader import Request
from .roles import Head, describe, guess_modality, guess_roles

DELIMITED = (".csv", ".tsv", ".tab")
JSON_LINES = (".jsonl", ".ndjson")
SUFFIXES = (*DELIMITED, ".parquet", ".pq", *JSON_LINES)
_HEAD_ROWS = 1000  # as many as roles are guessed from
_WHOLE = 64 * MEGABYTE


def is_table(path: Path) -> bool:
    """Whether a path is a table file, a folder of Parquet shards, or a dataset saved by Hugging Face datasets."""
    if path.is_dir():
        return is_saved(path) or any(path.glob("*.parquet"))
    return path.suffix.lower() in SUFFIXES


def read_frame(path: Path) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """All rows as text, and what was assumed. Raises `DataError` with file and line for every fault."""
    suffix = path.suffix.lower()
    if suffix in DELIMITED:
        frame, notes = read_delimited(path)
        return frame, _assumed(notes)
    frame, warnings = read_jsonl(path) if suffix in JSON_LINES else _columnar(path, None)
    if not len(frame.columns):
        raise DataError(f"{path.name} has no columns.", "Write it again with its columns.")
    if not len(frame):
        raise DataError(f"{path.name} has 0 rows.", "Give a file with rows.")
    return frame, _read_as(warnings)


def read_head(path: Path) -> tuple[pd.DataFrame, int | None, tuple[Finding, ...]]:
    """Enough rows to guess and show, how many there are (None: not counted), and what was assumed.

    Raises `DataError` as `read_frame` does, and for a file whose size cannot be asked.
    """
    suffix = path.suffix.lower()
    if suffix not in (*DELIMITED, *JSON_LINES):
        frame, warnings = _columnar(path, _HEAD_ROWS)
        return frame, saved_rows(path) if is_saved(path) else parquet_rows(path), _read_as(warnings)
    try:
        whole = path.stat().st_size <= _WHOLE
    except OSError as error:
        raise unreadable(path, error) from None
    if whole:
        frame, findings = read_frame(path)
        return frame, len(frame), findings
    if suffix in JSON_LINES:
        frame, warnings = read_jsonl(path, _HEAD_ROWS)
        return frame, None, _read_as(warnings)
    frame, notes = read_delimited_head(path)
    return frame, None, _assumed(notes)


def read_sample(path: Path) -> pd.DataFrame:
    """The first rows, as few as guessing needs."""
    if path.suffix.lower() in DELIMITED:
        return read_delimited_head(path)[0]
    return (read_jsonl(path, _HEAD_ROWS) if path.suffix.lower() in JSON_LINES else _columnar(path, _HEAD_ROWS))[0]


def _columnar(path: Path, rows: int | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    return read_saved(path, rows) if is_saved(path) else read_parquet(path, rows)


def _assumed(notes: Iterable[str]) -> tuple[Finding, ...]:
    return tuple(Finding("assumed", 0, note) for note in notes)


def _read_as(warnings: Iterable[str]) -> tuple[Finding, ...]:
    return tuple(Finding("read_as", 0, words, level="warning") for words in warnings)


def modality_of(request: Request, frame: pd.DataFrame) -> Modality:
    """As asked, else as the columns suggest."""
    return request.modality or guess_modality(frame, request.roles)


def inspect_frame(request: Request, loader: str) -> SourcePreview:
    """Columns, guessed roles and the first five rows of a table file."""
    frame, rows, notes = read_head(request.path)
    modality = modality_of(request, frame)
    head = Head.of(frame)
    roles = guess_roles(frame, request.roles, modality, head)
    texts = tuple(note.text for note in notes)
    return SourcePreview(
        request.name, modality, loader, roles, describe(head), frame.head(5).reset_index(drop=True), rows, texts
    )
