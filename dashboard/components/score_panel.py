"""All scores of one example: value, percentile, spread and what that end means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ScoreLine:
    """value None = not computed (reason says why). percentile 0..100. suspicious: +1 high end, -1 low end, 0 neither."""

    name: str
    title: str
    value: float | None
    percentile: float | None = None
    spread: float | None = None
    seeds: int = 1
    meaning: str = ""  # what the end it stands at means, in words
    suspicious: int = 0
    reason: str = ""
    group: str = ""


def score_panel(lines: Sequence[ScoreLine], *, key: str) -> None:
    """One row each: name, value ± spread, a percentile bar from 0 to 100 with a mark, and the meaning in words."""
