"""A bar per class or other value: all its rows, and those of them that are left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dashboard.components.nodes import Node, node, press_nodes
from dashboard.components.slot import Slot
from dashboard.components.theme import class_colors


def class_bars(
    names: Sequence[str],
    before: np.ndarray,
    after: np.ndarray,
    *,
    slot: Slot,
    words: Callable[[str, int, int], str],
    label: str,
    act: str = "",
    floor: int | None = None,
    colors: Sequence[str] | None = None,
    height: int = 240,
    limit: int = 12,
) -> str | None:
    """Pale bar = before, dark bar = after, "1,083 / 6,091" beside each name.

    words: (name, before, after) -> what the numbers are, for pointer and screen reader; label: what the bars are.
    act: what a click on a name does, empty when it does nothing. floor: rows that a class should keep; one at its floor
    is marked, an empty one in red. Returns the class the person clicked, or None. More than `limit` classes scroll.
    """
    most = max(int(np.max(before, initial=0)), 1)
    rows: list[Node] = []
    shades = colors or class_colors(np.asarray(before))
    for i, name in enumerate(names):
        color = shades[i % len(shades)]
        said = words(name, int(before[i]), int(after[i]))
        rows += _row(name, int(before[i]), int(after[i]), most, color, floor, said, act)
    style = {"max-height": f"{height}px"} if len(names) > limit else {}
    return press_nodes(node("div", "bars", *rows, style=style, label=label), slot=slot)


def _row(
    name: str, before: int, after: int, most: int, color: str, floor: int | None, said: str, act: str
) -> list[Node]:
    bar = node(
        "span",
        "bar",
        node("i", "", style={"width": f"{100 * before / most:.2f}%", "background": color, "opacity": "0.28"}),
        node("i", "", style={"width": f"{100 * min(after, most) / most:.2f}%", "background": color}),
        title=said,
        role="img",
        label=said,
    )
    tone, mark = _mark(before, after, floor)
    count = node("span", f"num {tone}".strip(), f"{after:,} / {before:,}{mark}")
    head = node("button", "", name, act=name, title=f"{said}; {act}", label=f"{said}; {act}")
    return [head if act else node("span", "name", name, title=name), bar, count]


def _mark(before: int, after: int, floor: int | None) -> tuple[str, str]:
    """Tone and words behind the numbers of a class that rules have brought low."""
    if floor is None or after >= before:
        return "", ""
    if after == 0:
        return "gone", " none left"
    return ("warn", " at floor") if after <= min(floor, before) else ("", "")
