"""A bar per class or other value: all its rows, and those of them that are left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.components.nodes import Node, node, press_nodes
from dashboard.components.slot import Slot
from dashboard.components.theme import class_colors


@dataclass(frozen=True, eq=False)
class ClassBars:
    """before, after: int [C] all rows of each class or other value, and those that are left.

    words: (name, before, after) -> what the numbers are, for pointer and screen reader; label: what the bars are.
    act: what a click on a name does, empty when it does nothing. floor: rows that a class should keep; one at its floor
    is marked, an empty one in red. colors: one for each class.
    """

    names: Sequence[str]
    before: np.ndarray
    after: np.ndarray
    words: Callable[[str, int, int], str]
    label: str
    act: str = ""
    floor: int | None = None
    colors: Sequence[str] | None = None


def class_bars(bars: ClassBars, *, slot: Slot, height: int = 240, limit: int = 12) -> str | None:
    """Pale bar = before, dark bar = after, "1,083 / 6,091" beside each name; more than `limit` classes scroll.

    Returns the class whose name was just pressed, or None.
    """
    most = max(int(np.max(bars.before, initial=0)), 1)
    shades = bars.colors or class_colors(np.asarray(bars.before))
    rows = [cell for i in range(len(bars.names)) for cell in _row(bars, i, most, shades[i % len(shades)])]
    style = {"max-height": f"{height}px"} if len(bars.names) > limit else {}
    return press_nodes(node("div", "bars", *rows, style=style, label=bars.label), slot=slot)


def _row(bars: ClassBars, at: int, most: int, color: str) -> list[Node]:
    name, before, after = bars.names[at], int(bars.before[at]), int(bars.after[at])
    words = bars.words(name, before, after)
    bar = node(
        "span",
        "bar",
        node("i", "", style={"width": f"{100 * before / most:.2f}%", "background": color, "opacity": "0.28"}),
        node("i", "", style={"width": f"{100 * min(after, most) / most:.2f}%", "background": color}),
        title=words,
        role="img",
        label=words,
    )
    tone, mark = _mark(before, after, bars.floor)
    count = node("span", f"num {tone}".strip(), f"{after:,} / {before:,}{mark}")
    head = node("button", "", name, act=name, title=f"{words}; {bars.act}", label=f"{words}; {bars.act}")
    return [head if bars.act else node("span", "name", name, title=name), bar, count]


def _mark(before: int, after: int, floor: int | None) -> tuple[str, str]:
    """Tone and words behind the numbers of a class that rules have brought low."""
    if floor is None or after >= before:
        return "", ""
    if after == 0:
        return "gone", " none left"
    return ("warn", " at floor") if after <= min(floor, before) else ("", "")
