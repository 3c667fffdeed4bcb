"""The same examples as rows of a table."""

from __future__ import annotations

from typing import Any


def table(frame: Any, *, key: str, rows: Any, height: int = 360, percent: tuple[str, ...] = (),
          numbers: tuple[str, ...] = (), selectable: bool = True) -> tuple[int, ...] | None:
    """Show frame (index ignored); rows [len(frame)] are the dataset rows behind it.

    Returns the dataset rows chosen in it (None while nothing is chosen). percent: columns in 0..1 drawn as bars;
    numbers: columns drawn with four significant digits.
    """
