"""One example, whatever it is: image enlarged without blur, text in full, or its cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dashboard.components.nodes import Node, node, show_nodes
from dashboard.components.pictures import data_address


def example_view(
    example: np.ndarray | str | Mapping[str, Any] | None, *, key: str, name: str, problem: str = "", width: int = 280
) -> None:
    """Draw a uint8 image, a text, or column -> value; None is a grey tile with name and problem."""
    show_nodes(_tree(example, name, problem, width), key=key)


def _tree(example: np.ndarray | str | Mapping[str, Any] | None, name: str, problem: str, width: int) -> Node:
    if example is None:
        return node("div", "tile", node("b", "", name), node("span", "soft", problem or "There is nothing to show."))
    if isinstance(example, str):
        return node("p", "text", example)
    if isinstance(example, Mapping):
        rows = [
            part
            for column, value in example.items()
            for part in (node("span", "soft", str(column)), node("span", "", _cell(value)))
        ]
        return node("div", "cells", *rows)
    return node("div", "stack", node("img", "", src=data_address(example), alt=name), style={"width": f"{width}px"})


def _cell(value: Any) -> str:
    return "missing" if value is None or value != value else f"{value:,.6g}" if isinstance(value, float) else str(value)
