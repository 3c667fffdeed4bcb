"""The one place where the command line writes: everything it prints goes through here, escaped line by line."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from typing import Any

from core.types.errors import CurationError
from core.types.terminal import EscapedFormatter, escaped, escaped_lines

_as_python_writes_it = warnings.formatwarning


def escape_what_libraries_say() -> None:
    """Log records and warnings that nobody else handles go to standard error without control characters."""
    assert logging.lastResort is not None
    logging.lastResort.setFormatter(EscapedFormatter())
    warnings.formatwarning = lambda *about, **more: escaped_lines(_as_python_writes_it(*about, **more))


def say(line: object = "", *, gap: bool = False) -> None:
    """One line on standard output; a line break in it is written \\n. gap: an empty line before it."""
    print(f"\n{escaped(line)}" if gap else escaped(line))


def complain(*lines: object) -> None:
    """Lines on standard error."""
    for line in lines:
        print(escaped(line), file=sys.stderr)


def complain_of(error: CurationError) -> None:
    """The two lines of an error."""
    complain(*(line for line in (str(error), error.hint) if line))


def say_text(text: str) -> None:
    """Text of several lines that Chaffinch itself made, such as a table in Markdown."""
    print(escaped_lines(text))


def say_json(value: Any) -> None:
    """JSON writes every control character and everything beyond ASCII as an escape."""
    print(json.dumps(value, indent=1, allow_nan=False))


def say_csv(text: str) -> None:
    """CSV: untouched for a program that reads it, escaped for a person at a terminal."""
    sys.stdout.write(escaped_lines(text) if sys.stdout.isatty() else text)
