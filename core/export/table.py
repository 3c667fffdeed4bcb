"""A table to be written: columns that make their text piece by piece, so that a million rows need little memory."""

from __future__ import annotations

import base64
import hashlib
import zlib
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.datasets.spreadsheet import encode, encode_head, encode_line, is_formula, neutralise
from core.types.errors import DataError, VerifyError

CHUNK_ROWS = 20_000  # written at once: a few MB of text, so a table of any length needs little memory


def float_texts(values: np.ndarray) -> list[str]:
    """Shortest text that reads back as the same float32; NaN (not computed) is empty."""
    plain = np.asarray(values, np.float32)
    texts = plain.astype(str).tolist()
    for row in np.flatnonzero(np.isnan(plain)):
        texts[row] = ""
    return texts


def int_texts(values: np.ndarray) -> list[str]:
    """Whole numbers."""
    return list(map(str, np.asarray(values).tolist()))


@dataclass(frozen=True, eq=False)
class Column:
    """texts(start, stop) gives the raw cells of rows start..stop-1. Numeric columns are never neutralised.

    array(): the column for Parquet, a `pyarrow.Array` with null for what is not there.
    """

    name: str
    numeric: bool
    texts: Callable[[int, int], list[str]]
    array: Callable[[], Any]


def text_column(name: str, values: Sequence[str] | np.ndarray) -> Column:
    """Cells that are text already."""
    cells = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return Column(name, False, lambda a, b: cells[a:b], lambda: _array(cells))


def typed_column(name: str, cells: list[str], numeric: bool, kind: Any = None) -> Column:
    """A person's own cells; `kind`: their type in the source, None where there was none (see `typed_array`)."""
    return Column(name, numeric, lambda a, b: cells[a:b], lambda: typed_array(cells, kind))


def typed_array(cells: list[str], kind: Any = None) -> Any:
    """The cells as the first of `kind`, int64 and float64 that keeps every one, else as text; an empty cell is null."""
    import pyarrow as pa

    texts = _array(cells)
    filled = pa.array([cell or None for cell in cells], pa.large_string())
    for arrow_type in (kind, pa.int64(), pa.float64()):
        try:
            typed = filled.cast(arrow_type) if arrow_type is not None and filled.null_count < len(filled) else None
            if typed is not None and typed.cast(pa.large_string()).equals(filled):
                return typed
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    return texts


def _array(values: Any, **how: Any) -> Any:
    import pyarrow as pa

    return pa.array(values, **how)


def coded_column(name: str, codes: np.ndarray, words: Sequence[str]) -> Column:
    """Cell = words[code]; a negative code is an empty cell."""
    lookup = [*words, ""]

    def texts(a: int, b: int) -> list[str]:
        return [lookup[k] for k in np.where(codes[a:b] < 0, len(lookup) - 1, codes[a:b]).tolist()]

    return Column(name, False, texts, lambda: _array(texts(0, len(codes))))


def float_column(name: str, values: np.ndarray) -> Column:
    """float32; NaN is an empty cell."""
    plain = np.asarray(values, np.float32)
    return Column(name, True, lambda a, b: float_texts(plain[a:b]), lambda: _array(plain, mask=np.isnan(plain)))


def int_column(name: str, values: np.ndarray, empty: np.ndarray | None = None) -> Column:
    """Whole numbers; empty cells where `empty` [N] bool is set."""

    def texts(a: int, b: int) -> list[str]:
        cells = int_texts(values[a:b])
        if empty is not None:
            for row in np.flatnonzero(empty[a:b]):
                cells[row] = ""
        return cells

    return Column(name, True, texts, lambda: _array(np.asarray(values), mask=empty))


@dataclass
class TableRecord:
    """What the manifest keeps of a written CSV: enough to name one changed cell without the original."""

    sha256: str = ""
    rows: int = 0
    columns: list[dict[str, str]] = field(default_factory=list)  # name as written, sha256 of its encoded cells
    row_crc32: str = ""  # base64 of little-endian uint32, one per row, of the encoded record
    altered: list[list[Any]] = field(default_factory=list)  # [row, column] of neutralised cells; row -1 = header

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "sha256": self.sha256,
            "rows": self.rows,
            "columns": self.columns,
            "row_crc32": self.row_crc32,
            "altered_cells": self.altered,
        }


class Checksums:
    """Per-column and per-row checksums, built from encoded records: the same when writing and when verifying."""

    def __init__(self, count: int):
        self.columns = [hashlib.sha256() for _ in range(count)]
        self.rows = array("I")

    def add(self, fields: Sequence[Sequence[str]], lines: Sequence[bytes]) -> None:
        """`fields`: encoded cells column by column; `lines`: the records they make."""
        for digest, cells in zip(self.columns, fields, strict=True):
            digest.update(("\n".join(cells) + "\n").encode())
        self.rows.extend(zlib.crc32(line) for line in lines)

    def row_text(self) -> str:
        """Base64 of the row checksums."""
        return base64.b64encode(np.asarray(self.rows, "<u4").tobytes()).decode()


def row_checksums(text: str) -> np.ndarray:
    """[rows] uint32, the inverse of `Checksums.row_text`; raises `VerifyError` for a text that is none."""
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), "<u4")
    except ValueError:
        raise VerifyError("The checksums of rows in manifest.json do not read.", "Restore the manifest.") from None


def write_csv(path: Path, columns: Sequence[Column], rows: int, for_spreadsheets: bool = True) -> TableRecord:
    """UTF-8, LF, RFC 4180. for_spreadsheets: an apostrophe before text that a spreadsheet would run, every such cell
    listed; else each cell as it is. Raises `DataError` for text that UTF-8 cannot hold and for two columns of one name.
    """
    record = TableRecord(rows=rows)
    sums, whole = Checksums(len(columns)), hashlib.sha256()
    names = [neutralise(c.name) if for_spreadsheets else c.name for c in columns]
    _refuse_twins([c.name for c in columns], path.name)
    record.altered += [[-1, k] for k, c in enumerate(columns) if names[k] != c.name]
    with open(path, "wb") as file:
        head = encode_head(names).encode()
        file.write(head)
        whole.update(head)
        for start in range(0, rows, CHUNK_ROWS):
            stop = min(start + CHUNK_ROWS, rows)
            fields = [_encoded(c, k, start, stop, record if for_spreadsheets else None) for k, c in enumerate(columns)]
            lines = [_bytes(encode_line(f), path.name, start + r) for r, f in enumerate(zip(*fields, strict=True))]
            sums.add(fields, lines)
            block = b"".join(lines)
            file.write(block)
            whole.update(block)
    record.columns = [{"name": n, "sha256": d.hexdigest()} for n, d in zip(names, sums.columns, strict=True)]
    record.row_crc32, record.sha256 = sums.row_text(), whole.hexdigest()
    record.altered.sort()
    return record


def _refuse_twins(names: Sequence[str], where: str) -> None:
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if twice is not None:
        raise DataError(f"{where} would have two columns called {twice!r}.", "Rename that column in the source.")


def _encoded(column: Column, place: int, start: int, stop: int, record: TableRecord | None) -> list[str]:
    """The cells as they are written; those altered for a spreadsheet are noted in `record`, None = alter none."""
    cells = column.texts(start, stop)
    if column.numeric:
        return cells
    risky = [] if record is None else [r for r, text in enumerate(cells) if is_formula(text)]
    if record is not None and risky:
        cells = list(cells)
        for r in risky:
            cells[r] = neutralise(cells[r])
            record.altered.append([start + r, place])
    return encode(cells)


def _bytes(line: str, name: str, row: int) -> bytes:
    try:
        return line.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"Row {row} of {name} holds half a character (a lone surrogate).",
            "Correct that text in the source and load it again.",
        ) from None


def write_parquet(path: Path, columns: Sequence[Column]) -> str:
    """The same table raw: nothing neutralised, numbers as numbers. Returns its sha256."""
    import pyarrow.parquet as pq

    pq.write_table(arrow_table(columns), path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def arrow_table(columns: Sequence[Column]) -> Any:
    """The columns as a `pyarrow.Table`."""
    import pyarrow as pa

    return pa.table([c.array() for c in columns], names=[c.name for c in columns])
