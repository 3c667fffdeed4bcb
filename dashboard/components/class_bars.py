"""Rows of each class before and after the rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.components.nodes import Node, node, show_nodes
from dashboard.theme import class_color


def class_bars(
    names: Sequence[str],
    before: np.ndarray,
    after: np.ndarray,
    *,
    key: str,
    floor: int | None = None,
    colors: Sequence[str] | None = None,
    height: int = 240,
    limit: int = 12,
) -> str | None:
    """Pale bar = before, dark bar = kept, "1,083 / 6,091" beside each name; a class at its floor is marked.

    Returns the class the person clicked, or None. More than `limit` classes scroll.
    """
    most = max(int(np.max(before, initial=0)), 1)
    rows: list[Node] = []
    for i, name in enumerate(names):
        color = colors[i % len(colors)] if colors else class_color(i)
        rows += _row(name, int(before[i]), int(after[i]), most, color, floor)
    style = {"max-height": f"{height}px"} if len(names) > limit else {}
    return show_nodes(node("div", "bars", *rows, style=style, label="Rows of each class, kept of all"), key=key)


def _row(name: str, before: int, after: int, most: int, color: str, floor: int | None) -> list[Node]:
    lost = before - after
    words = f"{name}: {after:,} of {before:,} kept, {lost:,} dropped"
    held = floor is not None and after <= min(floor, before) and lost > 0
    bar = node(
        "span",
        "bar",
        node("i", "", style={"width": f"{100 * before / most:.2f}%", "background": color, "opacity": "0.28"}),
        node("i", "", style={"width": f"{100 * after / most:.2f}%", "background": color}),
        title=words,
        role="img",
        label=words,
    )
    count = node("span", "num warn" if held else "num", f"{after:,} / {before:,}{' at floor' if held else ''}")
    return [node("button", "", name, act=name, title=f"Select {words}"), bar, count]
