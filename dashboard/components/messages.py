"""Designed emptiness and designed failure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from core.types.errors import CurationError
from dashboard.components.display_text import shown
from dashboard.components.nodes import Node, node, press_nodes
from dashboard.components.slot import Slot

_SHAPES = {"green": ":material/check_circle:", "amber": ":material/warning:", "red": ":material/error:"}
_MARKDOWN = {"green": "green", "amber": "orange", "red": "red"}


def empty_state(title: str, text: str = "", *, slot: Slot, action: str | None = None) -> bool:
    """Says what is missing and what to do next; True when the action button was just pressed."""
    parts: list[Node] = [node("b", "", title)]
    if text:
        parts.append(node("span", "soft", text))
    if action:
        parts.append(node("button", "", action, act="go"))
    return press_nodes(node("div", "hole", *parts), slot=slot) == "go"


def error_box(error: CurationError, *, slot: Slot, action: str | None = None) -> bool:
    """The two lines of the error: what and where, then what to do. True when the action button was just pressed."""
    what, _, hint = error.lines().partition("\n")
    parts: list[Node] = [node("b", "", what)]
    if hint:
        parts.append(node("span", "", hint))
    if action:
        parts.append(node("button", "", action, act="go"))
    return press_nodes(node("div", "error", *parts, role="alert"), slot=slot) == "go"


def first_few(lines: Sequence[str], most: int = 3) -> tuple[list[str], list[str]]:
    """What is said at once and what stands behind a click; one line more than `most` hides nothing."""
    cut = len(lines) if len(lines) <= most + 1 else most
    return list(lines[:cut]), list(lines[cut:])


def warnings(lines: Sequence[str], *, key: str) -> None:
    """Warnings, the most serious first; many of them fold."""
    shown_lines, folded = first_few(lines)
    for line in shown_lines:
        st.text(f"▲ {shown(line)}")
    if folded:
        with st.expander(f"{len(folded)} more warnings", key=key):
            for line in folded:
                st.text(f"▲ {shown(line)}")


def as_markdown(text: str) -> str:
    """Text for the few places that take Markdown alone: every sign that could mean something there is escaped."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)  # the punctuation of ASCII; a backslash before others stays


def light(level: str, text: str) -> str:
    """Markdown for one assumption light (green, amber, red) with its words: shape and name, not color alone."""
    return f":{_MARKDOWN.get(level, 'gray')}[{_SHAPES.get(level, ':material/help:')} **{level}**] {text}"
