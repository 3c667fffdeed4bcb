"""Parts of one example that a person turns off and on: the words of a text, or blocks over an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.components.browser import shared_component
from dashboard.components.display_text import MOST, shown
from dashboard.components.images import data_url
from dashboard.components.slot import Slot


def toggle_words(text: str, places: Sequence[tuple[str, int, int]], *, slot: Slot, about: str) -> tuple[int, ...]:
    """The text with each word a button; returns the numbers of those turned off.

    places: (word, start, end) in the text. about: names the example; while it stays, the browser keeps what is chosen.
    """
    parts, end = [], 0
    for word, start, stop in places:
        if stop > MOST:  # a button each: what is not shown stays in the text
            break
        parts.append({"text": word, "before": text[end:start], "label": ""})
        end = stop
    tail = shown(text)[end:]
    return _mounted({"parts": parts, "tail": tail, "title": "Words: press one to leave it out"}, slot, about)


def toggle_blocks(
    image: np.ndarray, rows: int, columns: int, *, slot: Slot, about: str, width: int = 240
) -> tuple[int, ...]:
    """A grid of rows x columns buttons over the enlarged image; returns the numbers of those covered."""
    parts = [
        {"text": "", "before": "", "label": f"row {row + 1}, column {column + 1}"}
        for row in range(rows)
        for column in range(columns)
    ]
    message = {
        "parts": parts,
        "tail": "",
        "title": "Blocks of the image: press one to cover it; arrows move, Space covers",
        "image": data_url(np.ascontiguousarray(image)),
        "across": columns,
        "width": width,
        "ratio": f"{image.shape[1]} / {image.shape[0]}",
    }
    return _mounted(message, slot, about)


def _mounted(message: dict[str, Any], slot: Slot, about: str) -> tuple[int, ...]:
    count = len(message["parts"])
    before = chosen_from_browser(slot.reported("chosen"), count)
    mount = shared_component("toggles")
    sent = mount(key=slot.key, data={**message, "about": about, "chosen": list(before)}, on_chosen_change=lambda: None)
    return chosen_from_browser(sent.get("chosen"), count)


def chosen_from_browser(sent: Any, count: int) -> tuple[int, ...]:
    """Numbers of parts that are there, in order; whatever else was sent is nothing."""
    if not isinstance(sent, list):
        return ()
    return tuple(sorted({int(n) for n in sent if isinstance(n, int | float) and 0 <= n < count}))
