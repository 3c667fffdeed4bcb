"""Widgets whose choice stands in the URL, so that a link, the back button and another page keep it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from dashboard.session import navigation, url


def switch(name: str, panes: Mapping[str, str], default: str, width: Any = "content") -> str:
    """A row of buttons that chooses the pane in front and remembers it in the URL."""
    key, now = f"switch_{name}", navigation.pane(name, default)

    def store() -> None:
        # a rerun that overtakes the drawing of the switch reports nothing chosen
        if st.session_state[key] in panes and not url.is_stale_report(name):
            url.set_param(name, [st.session_state[key]])

    st.session_state[key] = now if now in panes else default
    chosen = st.segmented_control(
        name,
        list(panes),
        format_func=panes.__getitem__,
        key=key,
        required=True,
        on_change=store,
        label_visibility="collapsed",
        width=width,
    )
    return chosen or default


def sticky_choice(name: str, options: Collection[str], default: str) -> dict[str, Any]:
    """Key and callback of a choice that stays, in the URL, while one steps to another view and back."""
    key, now = f"sticky_{name}", navigation.pane(name, default)

    def store() -> None:
        value = st.session_state[key]
        if not url.is_stale_report(name):
            url.set_param(name, [] if value in (None, default) else [value])

    st.session_state[key] = now if now in options else default
    return {"key": key, "on_change": store}


def sticky_toggle(name: str) -> dict[str, Any]:
    """The same for a switch that is off at first."""
    key = f"sticky_{name}"

    def store() -> None:
        if not url.is_stale_report(name):
            url.set_param(name, ["yes"] if st.session_state[key] else [])

    st.session_state[key] = bool(url.get_param(name))
    return {"key": key, "on_change": store}
