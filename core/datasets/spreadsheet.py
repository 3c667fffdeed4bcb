"""Cells of a CSV: text that no spreadsheet runs, RFC 4180 quoting."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Literal

import pandas as pd

# A spreadsheet takes text that starts like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ALONE = '""\r\n'  # how the csv module writes a record of one empty cell
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf|nan)\Z", re.IGNORECASE)


def is_number(text: str) -> bool:
    """Whether a cell reads as a number (an empty cell does not say)."""
    return _NUMBER.match(text) is not None


def all_numbers(texts: Sequence[str]) -> bool:
    """Whether every filled cell is a number and at least one is filled: such a column is never altered."""
    filled = [t for t in texts if t != ""]
    return bool(filled) and all(map(is_number, filled))


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might run it."""
    return text.startswith(_FORMULA)


def neutralise(text: str) -> str:
    """The text, with a leading apostrophe if a spreadsheet might run it."""
    return "'" + text if is_formula(text) else text


def encode(cells: Iterable[str]) -> list[str]:
    """Each cell as RFC 4180 has it: quoted only where it must be, quotes doubled."""
    records: list[str] = []
    # with CR and LF in its line terminator the writer quotes a lone one of either, too
    csv.writer(_Sink(records), lineterminator="\r\n").writerows([cell] for cell in cells)
    return ["" if record == _ALONE else record[:-2] for record in records]


class _Sink:
    """A file, to a csv.writer: one write per record."""

    def __init__(self, records: list[str]):
        self.write = records.append


def encode_line(fields: Sequence[str]) -> str:
    """One record of encoded fields, LF included. A lone empty field is quoted, for an empty line is no record."""
    return ('""' if len(fields) == 1 and fields[0] == "" else ",".join(fields)) + "\n"


def encode_head(names: Sequence[str]) -> str:
    """The header. A name that begins with a byte order mark is quoted: at the start of a file it would be taken off."""
    return encode_line([f'"{name}"' if name.startswith("\ufeff") else name for name in encode(names)])


def safe_cells(cells: Sequence[object]) -> list[object]:
    """The cells, those neutralised that a spreadsheet might run; a negative number is none of them."""
    return [neutralise(c) if isinstance(c, str) and not is_number(c) else c for c in cells]


def safe_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of which no cell and no column name is run by a spreadsheet."""
    texts = [not pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes]
    columns = [safe_cells(frame.iloc[:, k].tolist()) if text else frame.iloc[:, k] for k, text in enumerate(texts)]
    safe = pd.DataFrame(dict(enumerate(columns)), index=frame.index)
    return safe.set_axis([neutralise(str(name)) for name in frame.columns], axis=1)


def csv_text(frame: pd.DataFrame, separator: str = ",") -> str:
    """The table as CSV with LF, which reads back cell by cell; the csv module leaves a lone CR unquoted."""
    carriage = any(
        isinstance(cell, str) and "\r" in cell for name in frame.select_dtypes(exclude="number") for cell in frame[name]
    )
    quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if carriage else csv.QUOTE_MINIMAL
    return frame.to_csv(index=False, lineterminator="\n", sep=separator, quoting=quoting)
