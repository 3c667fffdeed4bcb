"""What stored pixels run from and to, and what takes them to 0..255: 0..1, bytes, or whole numbers of 10 to 16 bits.

An image whose range was taken for another one is black or burnt, and every score of it is wrong; so each range is
either certain, or said in the report card, or refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from core.types.errors import DataError
from core.types.examples import Finding

from . import report
from .files import MEGABYTE

BLOCK_BYTES = 16 * MEGABYTE
_DEPTHS = (8, 10, 12, 14, 16)  # bits a value that sensors and scanners give
_STRAY = 0.01  # share of values that an overshooting resize may put outside a range
_UNIT = (-0.5, 1.5)  # how far such values may lie outside 0..1
_BYTE = (-64, 320)  # and outside 0..255
_DARK = 64  # images that stay below a quarter of 255 look black on the screen
_ROUNDED = 64  # fractions that end below this lose most of their levels when rounded to bytes
_HINT = "Give 0..255, 0..1 or 16-bit pixels, not standardized ones."


@dataclass(frozen=True)
class Spread:
    """The values of some images, all finite. low, high, and in words where they are; not_byte: how many lie outside
    0..255. Of floats in blocks that leave 0..1: between, how many lie inside; not_unit, outside. whole: no fraction."""

    low: float
    high: float
    low_at: str
    high_at: str
    count: int
    between: int
    not_unit: int
    not_byte: int
    whole: bool


@dataclass(frozen=True)
class Reading:
    """value * factor, rounded and clipped to 0..255, is the pixel. note: for the report card, or empty."""

    factor: float
    note: str = ""
    warns: bool = False

    def pixels(self, values: np.ndarray) -> np.ndarray:
        """uint8 of the same shape."""
        if values.dtype == np.uint8 and self.factor == 1:
            return values
        return np.clip(np.rint(np.asarray(values, dtype=np.float64) * self.factor), 0, 255).astype(np.uint8)

    def findings(self, count: int) -> tuple[Finding, ...]:
        """The line of the report card, if there is something to say."""
        return (report.finding("pixels", (), self.note, level="warning" if self.warns else "note", count=count),
                ) if self.note else ()  # fmt: skip


def blocks(array: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """First row and rows of each block of about 16 MB."""
    row = max(int(np.prod(array.shape[1:])) * 8, 1)  # as float64, whatever the array holds
    step = max(BLOCK_BYTES // row, 1)
    for start in range(0, len(array), step):
        yield start, array[start : start + step]


def spread_of(array: np.ndarray, source: str) -> Spread:
    """The spread of images [N, ...] of at least one value; raises `DataError` naming rows with NaN or infinity."""
    bad: list[int] = []
    parts: list[Spread] = []
    for start, block in blocks(array):
        finite = _finite(block)
        bad += (start + np.flatnonzero(~finite)).tolist()
        parts += [] if bad else [measure(block, start)]
    if bad:
        raise DataError(
            f"{source}: NaN or infinite pixels in {len(bad):,} of {len(array):,} rows ({report.some_rows(bad)}).",
            "Leave these images out, or give them finite pixels.",
        )
    return merge(parts)


def _finite(block: np.ndarray) -> np.ndarray:
    if block.dtype.kind != "f":
        return np.ones(len(block), dtype=bool)
    return np.isfinite(block).reshape(len(block), -1).all(axis=1)


def measure(block: np.ndarray, start: int = 0) -> Spread:
    """The spread of a block [n, ...] of finite values whose first row is row `start`."""
    flat = block.reshape(len(block), -1)
    lows, highs = flat.min(axis=1), flat.max(axis=1)
    low, high = float(lows.min()), float(highs.max())
    fractions, beyond = block.dtype.kind == "f", low < 0 or high > 1
    return Spread(
        low,
        high,
        f"row {start + int(lows.argmin())}",
        f"row {start + int(highs.argmax())}",
        flat.size,
        int(((flat > 0) & (flat < 1)).sum()) if fractions and beyond else 0,
        int(((flat < 0) | (flat > 1)).sum()) if fractions and beyond else 0,
        int(((flat < 0) | (flat > 255)).sum()) if low < 0 or high > 255 else 0,
        not fractions or (_whole(flat[:1]) and _whole(flat)),  # most often the first row tells
    )


def _whole(values: np.ndarray) -> bool:
    return bool((np.rint(values) == values).all())


def merge(parts: Iterable[Spread]) -> Spread:
    """The spread of all of them (at least one)."""
    every = list(parts)
    lowest, highest = min(every, key=lambda s: s.low), max(every, key=lambda s: s.high)
    return Spread(
        lowest.low,
        highest.high,
        lowest.low_at,
        highest.high_at,
        sum(s.count for s in every),
        sum(s.between for s in every),
        sum(s.not_unit for s in every),
        sum(s.not_byte for s in every),
        all(s.whole for s in every),
    )


def reading_of(spread: Spread, dtype: np.dtype, source: str) -> Reading:
    """How values of this spread and type become bytes; raises `DataError` for ranges that could mean several things."""
    if spread.low == spread.high == 0:
        return Reading(1.0, "every pixel of every image is 0: all black", warns=True)
    if dtype.kind == "b":
        return Reading(255.0, "yes/no pixels: no is 0, yes is 255")
    return _of_floats(spread, dtype, source) if dtype.kind == "f" else _of_integers(spread, dtype, source)


def _of_integers(spread: Spread, dtype: np.dtype, source: str) -> Reading:
    if spread.low < 0 or spread.high > 65535:
        raise _refusal(spread, source, _HINT)
    if spread.high <= 255:
        return _bytes(spread, dtype)
    return _deep(spread, dtype)


def _of_floats(spread: Spread, dtype: np.dtype, source: str) -> Reading:
    if spread.low >= 0 and spread.high <= 1:
        return _unit(spread, dtype)
    if _strays(spread, _UNIT, spread.not_unit) and not spread.whole:
        return Reading(255.0, f"{dtype.name} pixels read as 0..1; {_clipped(spread, spread.not_unit)}", warns=True)
    _refuse_uncertain(spread, source)
    if spread.not_byte and _strays(spread, _BYTE, spread.not_byte):
        return Reading(1.0, f"{dtype.name} pixels read as 0..255; {_clipped(spread, spread.not_byte)}", warns=True)
    if spread.high <= 255:
        return _bytes(spread, dtype)
    if spread.high > 65535 or spread.not_byte <= spread.count * _STRAY:
        raise _ambiguous(spread, source)
    return _deep(spread, dtype)


def _unit(spread: Spread, dtype: np.dtype) -> Reading:
    dark = spread.high * 255 <= _DARK
    words = f"{dtype.name} pixels from {spread.low:g} to {spread.high:g}, read as 0..1"
    return Reading(255.0, words + (": they look dark" if dark else ""), dark)


def _refuse_uncertain(spread: Spread, source: str) -> None:
    """Raise `DataError` for floats beyond 0..1 that are signed, or as likely 0..1 with strays as 0..255."""
    if spread.low < 0 and (spread.high <= 1 or not _strays(spread, _BYTE, spread.not_byte)):
        raise _refusal(spread, source, "Pixels of -1..1 become 0..1 by (x + 1) / 2. " + _HINT)
    if not spread.whole and (spread.high < _ROUNDED or spread.between > spread.not_unit):
        raise _ambiguous(spread, source)


def _strays(spread: Spread, room: tuple[float, float], outside: int) -> bool:
    """Whether only a few values leave a range, and not far: what bicubic resizing does at edges."""
    return room[0] <= spread.low and spread.high <= room[1] and outside <= max(spread.count * _STRAY, 1)


def _clipped(spread: Spread, outside: int) -> str:
    return f"{outside:,} values outside (from {spread.low:.4g} to {spread.high:.4g}) were clipped"


def _bytes(spread: Spread, dtype: np.dtype) -> Reading:
    if dark := dark_words(spread.high):
        return Reading(1.0, dark, warns=True)
    return Reading(1.0, "" if dtype == np.uint8 else f"{dtype.name} pixels up to {spread.high:g}, read as 0..255")


def dark_words(peak: float) -> str:
    """What to say of images whose largest byte is `peak`; empty for most."""
    if peak > _DARK:
        return ""
    return f"pixels reach {peak:g} of 255 ({peak / 255:.0%}): kept as they are, they look dark"


def _deep(spread: Spread, dtype: np.dtype) -> Reading:
    depth = next(bits for bits in _DEPTHS if spread.high < 2**bits)
    words = f"{dtype.name} pixels up to {spread.high:,.6g}, read as {depth} bits: 0..{2**depth - 1:,} became 0..255"
    few = spread.not_byte <= spread.count * _STRAY
    if few:
        words += f"; only {spread.not_byte:,} values are above 255 (the largest in {spread.high_at})"
    return Reading(255 / (2**depth - 1), words, warns=few)


def _refusal(spread: Spread, source: str, hint: str) -> DataError:
    rows = f"the lowest in {spread.low_at}, the highest in {spread.high_at}"
    return DataError(f"{source}: the images hold values from {spread.low:g} to {spread.high:g} ({rows}).", hint)


def _ambiguous(spread: Spread, source: str) -> DataError:
    share = 1 - spread.not_unit / spread.count
    return DataError(
        f"{source}: the images hold values from {spread.low:g} to {spread.high:g} ({spread.high_at}), "
        f"{share:.1%} of them within 0..1: neither 0..1 nor 0..255 is certain.",
        "Give 0..255 or 0..1: clip stray values, or divide by the largest one.",
    )
