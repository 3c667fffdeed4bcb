"""What is shown of a text that someone else wrote: at most 2,000 letters, whatever its length.

A browser that lays out a word of a million letters answers nothing else for minutes.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

MOST = 2_000  # letters: some screens of text, and still laid out at once


def shown(text: Any) -> str:
    """The text, or its beginning with an ellipsis: never more than 2,000 letters."""
    words = str(text)
    return words if len(words) <= MOST else words[: MOST - 1] + "…"


def shown_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table with its long names and cells cut; one without any is handed back as it is."""
    named = frame if all(len(str(name)) <= MOST for name in frame) else frame.rename(columns=shown)
    words = [name for name in named if not pd.api.types.is_numeric_dtype(named[name].dtype)]
    cut: dict[str, pd.Series] = {str(name): named[name].map(_cell) for name in words if named[name].map(_is_long).any()}
    return named.assign(**cut) if cut else named


def _is_long(cell: Any) -> bool:
    return isinstance(cell, str | bytes | list | dict) and len(str(cell)) > MOST


def _cell(cell: Any) -> Any:
    return shown(cell) if _is_long(cell) else cell
