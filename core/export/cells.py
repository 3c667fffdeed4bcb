"""Cells of a CSV: numbers as short text, text that no spreadsheet runs, RFC 4180 quoting."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

# A spreadsheet takes text that starts like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_QUOTED = re.compile(r'[",\r\n]')
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf|nan)\Z", re.IGNORECASE)


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


def encode(text: str) -> str:
    """RFC 4180: quoted only where it must be, quotes doubled."""
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def encode_line(fields: Sequence[str]) -> str:
    """One record of encoded fields, LF included. A lone empty field is quoted, for an empty line is no record."""
    return ('""' if len(fields) == 1 and fields[0] == "" else ",".join(fields)) + "\n"
