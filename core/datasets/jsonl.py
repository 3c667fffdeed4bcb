"""JSONL as a text table, with the line of every fault."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pandas as pd

from core.types.errors import DataError

from .cells import cell_text, text_frame
from .files import MEGABYTE, open_regular
from .limits import Budget, Size

LINE_LIMIT = 16 * MEGABYTE
_DIGITS = 400  # of an integer; no float is longer
_HALF = re.compile("[\ud800-\udfff]")  # of a pair that stands for one character, as in an emoji that was cut in two
_CHECK_EVERY = 4096  # lines
_KINDS = {bool: "true or false", int: "numbers", float: "numbers", str: "texts", dict: "objects", list: "lists"}


class _Rows:
    """Rows as they are read: the text of each cell, the kinds of values of each column, and the cells mended."""

    def __init__(self, name: str, on_disk: int):
        self.name, self.records, self.kinds = name, list[dict[str, str]](), dict[str, dict[str, None]]()
        self.mended, self._budget = 0, Budget(name, on_disk)

    def add(self, record: dict[str, Any], line: bytes, where: str) -> None:
        """Take in the object of one line; raises `DataError` naming `where`."""
        cells = {key: self._cell(key, value, where) for key, value in record.items()}
        if b"\\u" in line:  # else there is no half character
            halves = [key for key, text in cells.items() if _HALF.search(text)]
            cells |= {key: _HALF.sub("\ufffd", cells[key]) for key in halves}
            self.mended += len(halves)
        self.records.append(cells)
        self._budget.spend(1, Size(len(cells), len(line)))
        if len(self.records) % _CHECK_EVERY == 0:
            self.refuse_wide()

    def refuse_wide(self) -> None:
        """Refuse lines that each bring other keys: the table would be rows x keys of empty cells."""
        self._budget.check_table(0, len(self.records) * len(self.kinds))

    def _cell(self, key: str, value: Any, where: str) -> str:
        text = cell_text(value)
        if _HALF.search(key):
            raise DataError(f"{where}: the name {ascii(key)} holds half a character.", "Rename that column.")
        known = self.kinds.setdefault(key, {})
        if value is not None:
            known[_KINDS[type(value)]] = None
        return text

    def warnings(self) -> list[str]:
        """What of it a person should know."""
        found = [f'"{k}" holds {" and ".join(kinds)}: all are read as text' for k, kinds in self.kinds.items()
                 if len(kinds) > 1]  # fmt: skip
        found += [f'"{k}" holds {next(iter(kinds))}: each cell is read as one text, not as numbers'
                  for k, kinds in self.kinds.items() if set(kinds) in ({"lists"}, {"objects"})]  # fmt: skip
        if self.mended:
            found.append(f"half a character (an emoji cut in two) in {self.mended:,} cells: replaced by \ufffd")
        return found


def read_jsonl(path: Path, rows: int | None = None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """One JSON object per line, as text, nested values as JSON text; and what a person should know.

    Raises `DataError` naming the line that is too long or is no such object, and for a file without rows.
    """
    with open_regular(path) as file:
        read = _Rows(path.name, os.fstat(file.fileno()).st_size)
        for number, line in enumerate(iter(lambda: file.readline(LINE_LIMIT + 1), b""), 1):
            if len(line) > LINE_LIMIT:
                raise DataError(f"{path.name}, line {number}: above the limit of 16 MB a line.", "Shorten the line.")
            if line.strip():
                where = f"{path.name}, line {number}"
                read.add(parse_json_line(line, where), line, where)
            if rows is not None and len(read.records) >= rows:
                break
    import pyarrow as pa

    if not read.records:
        raise DataError(f"{path.name} has no columns and 0 rows.", "Give one JSON object per line.")
    read.refuse_wide()
    cells = [pa.array([row.get(name, "") for row in read.records], pa.large_string()) for name in read.kinds]
    return text_frame(pa.table(cells, names=list(read.kinds))), tuple(read.warnings())


def parse_json_line(line: bytes, where: str) -> dict[str, Any]:
    """One object; raises `DataError` for everything else, naming `where`."""
    try:
        value = json.loads(
            line.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            parse_int=_integer,
            object_pairs_hook=_unique_keys,
        )
    except RecursionError:
        raise DataError(f"{where}: nested too deeply.", "Flatten the object.") from None
    except UnicodeDecodeError:
        raise DataError(f"{where}: not UTF-8.", "Save the file as UTF-8.") from None
    except json.JSONDecodeError as error:
        cut = error.pos >= len(error.doc.rstrip()) - 1 or "Unterminated" in error.msg
        raise DataError(
            f"{where}: {'truncated JSON' if cut else 'not JSON'} ({error.msg}, column {error.colno}).",
            "Complete or remove the line.",
        ) from None
    except ValueError as error:
        raise DataError(f"{where}: {error}.", "Write missing values as null, and each key once.") from None
    if not isinstance(value, dict):
        raise DataError(f"{where}: not a JSON object.", 'Each line looks like {"text": "...", "label": "..."}.')
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"the literal {name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits; write it as text, in quotes")
    return int(digits)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [k for k, _ in pairs]
        raise ValueError(f'the key "{next(n for n in names if names.count(n) > 1)}" appears twice')
    return record
