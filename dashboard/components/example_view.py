"""One example, whatever it is: image enlarged without blur, text in full, or its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.types.figures import cell
from dashboard.components.images import data_url
from dashboard.components.nodes import Node, node, show_nodes


@dataclass(frozen=True)
class Standing:
    """Where a cell stands in its column: 0..1 of the rows hold less (number), or hold the same (not a number)."""

    share: float
    number: bool

    @property
    def words(self) -> str:
        """For a screen reader and the pointer."""
        return f"percentile {100 * self.share:.0f}" if self.number else f"{self.share:.0%} of the rows hold the same"


def example_view(
    example: np.ndarray | str | Mapping[str, Any] | None,
    *,
    key: str,
    name: str,
    problem: str = "",
    width: int = 280,
    standing: Mapping[str, Standing] | None = None,
) -> None:
    """Draw a uint8 image, a text, or column -> value; None is a grey tile with name and problem.

    standing: for a table row, a bar beside each cell that has one.
    """
    show_nodes(_tree(example, name, problem, width, standing or {}), key=key)


def _tree(
    example: np.ndarray | str | Mapping[str, Any] | None,
    name: str,
    problem: str,
    width: int,
    standing: Mapping[str, Standing],
) -> Node:
    if example is None:
        return node("div", "tile", node("b", "", name), node("span", "soft", problem or "There is nothing to show."))
    if isinstance(example, str):
        return node("p", "text", example)
    if isinstance(example, Mapping):
        rows = [
            part
            for column, value in example.items()
            for part in (
                node("span", "soft", str(column)),
                node("span", "", cell(value, "missing")),
                *([_bar(standing.get(str(column)))] if standing else []),
            )
        ]
        return node("div", "cells barred" if standing else "cells", *rows)
    return node("div", "stack", node("img", "", src=data_url(example), alt=name), style={"width": f"{width}px"})


def _bar(at: Standing | None) -> Node:
    """A mark on the way from the lowest to the highest, or a bar as long as the share of rows alike."""
    if at is None:
        return node("span", "")
    if at.number:
        mark, kind = {"left": f"{100 * at.share:.1f}%"}, "track"
    else:
        mark, kind = {"width": f"{100 * at.share:.1f}%"}, "track share"
    return node("span", kind, node("i", "", style=mark), role="img", label=at.words, title=at.words)
