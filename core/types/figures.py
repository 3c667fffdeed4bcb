"""Numbers as people read them: one way to write each, on every page."""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import Any

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SMALLEST, _LARGEST = 1e-4, 1e15  # beyond these a power of ten says more than a row of zeros
_GROUPED_FROM = 10_000  # 2024 stays a year


def digits(value: float | None, most: int = 4) -> str:
    """That many significant digits at most behind the point, none dropped before it; thousands apart, never `e+05`.

    A dash for none, infinity by its sign.
    """
    if value is None or value != value:
        return "–"
    number = float(value)
    if not isfinite(number):
        return "∞" if number > 0 else "-∞"
    if number == 0:
        return "0"
    if not _SMALLEST <= abs(number) < _LARGEST:
        return _power(number, min(most, 2))
    places = max(most - 1 - floor(log10(abs(number))), 0)
    rounded = round(number, places)
    text = f"{rounded:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if abs(rounded) >= _GROUPED_FROM else text.replace(",", "")


def _power(number: float, most: int) -> str:
    mantissa, _, exponent = f"{number:.{most - 1}e}".partition("e")
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def probability(share: float) -> str:
    """Two decimals, three below 0.1; the ends in words: no model is that sure of anything."""
    if share < 0.001:
        return "< 0.001"
    if share > 0.999:
        return "> 0.999"
    return f"{share:.3f}" if share < 0.1 or share > 0.99 else f"{share:.2f}"


def cell(value: Any, missing: str = "–") -> str:
    """A person's own cell as it was written: every digit, thousands apart from 10,000 on, no power of ten."""
    if value is None or value != value:
        return missing
    if isinstance(value, bool) or not _is_number(value):
        return str(value)
    text = str(value)
    number = int(text) if text.lstrip("-").isdecimal() else float(text)  # a float32 by its own shortest digits
    if isinstance(number, float) and number.is_integer() and abs(number) < _LARGEST:
        number = int(number)
    if isinstance(number, float) and not _GROUPED_FROM <= abs(number) < _LARGEST:
        return text
    return f"{number:,}" if abs(number) >= _GROUPED_FROM else str(number)


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, (int, float))
        or type(value).__module__ == "numpy"
        and type(value).__name__.startswith(("int", "uint", "float"))
    )
