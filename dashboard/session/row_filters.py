"""Which rows are looked at: facets, score ranges and words, kept in the address."""

from __future__ import annotations

import streamlit as st

from dashboard.session.url import get_param, set_param


def filters() -> dict[str, list[str]]:
    """Chosen options of each facet."""
    chosen: dict[str, list[str]] = {}
    for entry in get_param("f"):
        name, _, option = entry.partition(":")
        chosen.setdefault(name, []).append(option)
    return chosen


def toggle_filter(name: str, option: str) -> None:
    """Choose an option of a facet, or let it go."""
    entry, now = f"{name}:{option}", get_param("f")
    set_param("f", [e for e in now if e != entry] if entry in now else [*now, entry])


def ranges() -> dict[str, tuple[float, float]]:
    """Score ranges chosen on histograms."""
    chosen = {}
    for entry in get_param("range"):
        name, _, ends = entry.partition(":")
        low, _, high = ends.partition("..")
        try:
            chosen[name] = (float(low), float(high))
        except ValueError:  # someone edited the address: that filter is not there
            continue
    return chosen


def set_range(name: str, ends: tuple[float, float] | None) -> None:
    """Filter by a score's range, or no longer."""
    rest = [e for e in get_param("range") if not e.startswith(f"{name}:")]
    set_param("range", rest if ends is None else [*rest, f"{name}:{ends[0]!r}..{ends[1]!r}"])


def search_words() -> str:
    """What is searched for; from the address before the search box is drawn."""
    return str(st.session_state.get("words", st.query_params.get("words", "")) or "")


def clear_search() -> None:
    """Search for nothing."""
    st.session_state["words"] = ""


def clear_filters() -> None:
    """Show every row again."""
    set_param("f", [])
    set_param("range", [])
    clear_search()
