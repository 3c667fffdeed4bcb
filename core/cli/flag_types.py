"""What a flag may say, checked while the command line is read: a value out of bounds is told before any work."""

from __future__ import annotations

import math
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

from core import actions
from core.types.errors import ModelError
from core.types.validation import Within

_LONGEST_NAME, _LONGEST_PATH = 255, 4096  # bytes; the limits of common file systems


def whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`, which raises `ArgumentTypeError` for any other text."""

    def _read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ArgumentTypeError(f"{_said(text)} is not a whole number") from None
        if not low <= value <= high:
            raise ArgumentTypeError(f"{_said(text)} is not from {low:,} to {high:,}")
        return value

    return _read


def number(low: float, high: float = math.inf, above: bool = False, below: bool = False) -> Callable[[str], float]:
    """A reader of numbers from `low` (`above`: not itself) to `high` (`below`: not itself); raises as `whole`."""

    def _read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ArgumentTypeError(f"{_said(text)} is not a number") from None
        at_an_end = above and value == low or below and value == high
        if not (math.isfinite(value) and low <= value <= high) or at_an_end:
            raise ArgumentTypeError(f"{_said(text)} is not {_bounds(low, high, above, below)}")
        return value

    return _read


def names(text: str) -> tuple[str, ...]:
    """A,B: names joined by commas; `ArgumentTypeError` for none, or an empty one."""
    parts = tuple(name.strip() for name in words(text).split(","))
    if not all(parts):
        raise ArgumentTypeError(f"{_said(text)} holds an empty name; write names joined by commas")
    return parts


def some_of(*known: str) -> Callable[[str], tuple[str, ...]]:
    """A reader of names joined by commas, each among those known; raises as `whole`."""

    def _read(text: str) -> tuple[str, ...]:
        chosen = names(text)
        for name in chosen:
            if name not in known:
                raise ArgumentTypeError(f"{_said(name)} is none of {', '.join(known)}")
        return chosen

    return _read


def shares(text: str) -> tuple[float, ...]:
    """F,F: shares above 0 and below 1; raises as `whole`."""
    return tuple(number(0, 1, above=True, below=True)(part) for part in names(text))


def words(text: str) -> str:
    """A text that is not empty and holds no NUL, as every flag may say; `ArgumentTypeError` for any other."""
    if not text or "\0" in text:
        raise ArgumentTypeError(f"{_said(text)} {'holds a NUL' if text else 'is empty'}")
    return text


def path_words(text: str) -> str:
    """A path that a file system could hold, or the name of a run or sample; `ArgumentTypeError` for a longer one."""
    sizes = [len(part.encode("utf-8", "surrogateescape")) for part in words(text).split("/")]
    if max(sizes) > _LONGEST_NAME or sum(sizes) + len(sizes) > _LONGEST_PATH:
        raise ArgumentTypeError(f"{_said(text)} is longer than a path can be")
    return text


def path(text: str) -> Path:
    """The same as a `Path`."""
    return Path(path_words(text))


def model(text: str) -> str:
    """A model of ours, a file or folder, or module:factory; `ArgumentTypeError` for what can be none of them."""
    try:
        return actions.runs.model_named_here(words(text))
    except ModelError as error:
        raise ArgumentTypeError(" ".join(error.lines().splitlines()).removesuffix(".")) from None


def memory(text: str) -> int:
    """2GB, 500MB, 64000000 -> bytes; `ArgumentTypeError` below 16 MB and for what is no such number."""
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{0,9})?) *([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    size = float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " ") if match else 0.0
    if not 2**24 <= size < 2**60:
        raise ArgumentTypeError(f"{_said(text)} is no amount of memory of 16MB or more, such as 2GB")
    return int(size)


def _bounds(low: float, high: float, above: bool, below: bool) -> str:
    start = f"above {low:g}" if above else f"{low:g} or more"
    return start if math.isinf(high) else f"{start} and {'below' if below else 'at most'} {high:g}"


def _said(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def ends(bounds: Within) -> tuple[int, int]:
    """Both bounds as whole numbers, for `whole`."""
    return int(bounds.low), int(bounds.high)
