"""Weights and threshold that repaint the map while they are dragged, and tell the server on release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class LiveScore:
    """One score in the sliders. words: what a high value means, shown under the name ("high = hard to fit")."""

    name: str
    title: str
    group: str
    orientation: int  # -1, 0 or +1 under the goal; 0 is shown as left out
    words: str = ""


@dataclass(frozen=True)
class SliderState:
    """Weights (0..2) and the share of rows to drop (0..1), as the sliders stand after a release."""

    group_weights: Mapping[str, float]
    score_weights: Mapping[str, float]
    share: float | None
    changed: bool = False  # True in the run that the release started


def live_sliders(*, key: str, map_key: str, scores: tuple[LiveScore, ...], group_weights: Mapping[str, float],
                 score_weights: Mapping[str, float], share: float | None, drop: str = "above",
                 group_titles: Mapping[str, str] | None = None, total: int = 0) -> SliderState:
    """Range inputs: one per group, one per score inside (folded), one for the share to drop.

    Dragging repaints the map `map_key` in the browser; on release (or a key press) the new state is returned.
    share None hides the threshold (another strategy decides). total: rows that may be dropped, for the count beside it.
    The values given here are authoritative: after the server changes them (undo, preset) the sliders follow.
    """
