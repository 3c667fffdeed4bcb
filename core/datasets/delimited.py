"""CSV and TSV as text, strictly: every fault has its line number."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from core.types.errors import DataError

from .cells import text_frame
from .files import GIGABYTE, MEGABYTE, free_memory, open_regular, read_bytes
from .limits import Budget

_DELIMITERS = {".tsv": "\t", ".tab": "\t"}
CELL_LIMIT = 16 * MEGABYTE
LARGEST = 2 * GIGABYTE - MEGABYTE  # the parser counts the bytes of a block in 31 bits


def read_delimited(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Every cell as text (nothing is turned into a number or a missing value), and notes on what was assumed.

    Raises `DataError` for every fault, with its line where it has one, and for a file without rows.
    """
    data = read_bytes(path, LARGEST)
    data, notes = _checked_bytes(data, path.name)
    delimiter, note = _delimiter(data, path)
    names = _header(data, delimiter, path.name)
    _check_size(data, delimiter, path.name)
    frame = _parse(data, delimiter, names, path.name)
    if not len(frame):
        raise DataError(f"{path.name} has a header and 0 rows.", "Add the rows below the header.")
    return frame, notes + note


def read_delimited_head(path: Path, size: int = 4 * MEGABYTE) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows of the first `size` bytes, for a look at a file too large to read whole."""
    with open_regular(path) as file:
        data = file.read(size + 1)
    cut = len(data) > size
    if cut and b"\n" not in data:  # one row is longer than the head
        return read_delimited(path)
    data, notes = _checked_bytes(data[: data.rfind(b"\n") + 1] if cut else data, path.name)
    delimiter, note = _delimiter(data, path)
    names = _header(data, delimiter, path.name)
    last = data.rfind(b"\n", 0, len(data) - 1)
    while cut and data.count(b'"') % 2 and last > 0:  # the cut fell inside a quoted cell: give up lines before it
        data, last = data[: last + 1], data.rfind(b"\n", 0, last)
    return _parse(data, delimiter, names, path.name), notes + note


def _checked_bytes(data: bytes, name: str) -> tuple[bytes, tuple[str, ...]]:
    if not data.strip():
        raise DataError(f"{name} is empty: no columns.", "Give a file with a header line.")
    hint = "Save it as UTF-8 (in a spreadsheet: “CSV UTF-8”)."
    sparse = data[:4096].count(b"\0") * 5 > len(data[:4096])  # every other byte of UTF-16 text is a NUL
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or sparse:
        raise DataError(f"{name} is not UTF-8 (it looks like UTF-16).", hint)
    if (where := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, where) + 1
        raise DataError(f"{name} holds a NUL, line {line}.", "Remove the NUL character.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{name} is not UTF-8: line {line} holds byte 0x{data[error.start]:02x}.", hint) from None
    if data[:3] == b"\xef\xbb\xbf":
        return data[3:], ("a byte order mark at the start was ignored",)
    return data, ()


def _delimiter(data: bytes, path: Path) -> tuple[str, tuple[str, ...]]:
    if path.suffix.lower() in _DELIMITERS:
        return _DELIMITERS[path.suffix.lower()], ()
    first = data.split(b"\n", 1)[0]
    for mark, word in ((b"\t", "tabs"), (b";", "semicolons"), (b"|", "bars")):
        if mark in first and b"," not in first:
            return mark.decode(), (f"read as separated by {word}",)
    return ",", ()


def _header(data: bytes, delimiter: str, name: str) -> list[str]:
    text = io.StringIO(data[: 4 * MEGABYTE].decode("utf-8", errors="ignore"), newline="")
    try:
        names = next(row for row in csv.reader(text, delimiter=delimiter) if row)
    except (StopIteration, csv.Error):
        raise DataError(f"{name}: no columns in its first line.", "Give a file with a header line.") from None
    names = [n.strip() or f"unnamed_{i + 1}" for i, n in enumerate(names)]
    check_names(names, name)
    return names


def _check_size(data: bytes, delimiter: str, name: str) -> None:
    """Refuse more cells than memory holds: a file of nothing but separators takes many times its size."""
    rows = 0 if b'"' in data else data.count(b"\n")  # a quoted cell may hold many lines
    Budget(name, len(data), free_memory()).check_table(rows, rows + data.count(delimiter.encode()))


def check_names(names: list[str], source: str) -> None:
    """Raises `DataError` for a table in which two columns have one name."""
    seen: set[str] = set()
    for column in names:
        if column in seen:
            raise DataError(f'{source}: the column "{column}" appears twice.', "Rename one of them.")
        seen.add(column)


def _parse(data: bytes, delimiter: str, names: list[str], source: str) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    if data.count(b'"') % 2:
        _explain(data, delimiter, len(names), source)
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            # One block as large as the file: rows with line breaks inside quotes never straddle two blocks.
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=0, block_size=max(len(data) + 1, 1 << 16)),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        _explain(data, delimiter, len(names), source)
        raise DataError(
            f"{source} does not read as a table: {str(error).splitlines()[0]}.", "Check its quotes and separators."
        ) from None
    return text_frame(table.slice(1))


def _explain(data: bytes, delimiter: str, width: int, source: str) -> None:
    """Walk the rows one by one, only after something failed, to say the line."""
    csv.field_size_limit(CELL_LIMIT)
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for row in reader:
            if row and len(row) != width:
                raise DataError(
                    f"{source}, line {start}: expected {width} fields, saw {len(row)}.",
                    "Quote cells that hold a separator, or complete the line.",
                )
            start = reader.line_num + 1
    except csv.Error as error:
        what = "a quote opens here and never closes" if "end of data" in str(error) else str(error)
        raise DataError(
            f"{source}, line {start}: {what}.", "Close the quote, or double the quotes inside a cell."
        ) from None
