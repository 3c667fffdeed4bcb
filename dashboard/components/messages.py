"""Designed emptiness and designed failure."""

from __future__ import annotations

from core.types.errors import CurationError


def empty_state(title: str, text: str = "", *, key: str, action: str | None = None) -> bool:
    """Says what is missing and what to do next; True when the action button was just pressed."""


def error_box(error: CurationError, *, key: str, action: str | None = None) -> bool:
    """The two lines of the error: what and where, then what to do. True when the action button was just pressed."""


def light(level: str, text: str) -> str:
    """Markdown for one assumption light (green, amber, red) with its words: shape and name, not color alone."""
