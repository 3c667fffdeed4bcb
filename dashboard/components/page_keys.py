"""Keys that the whole page answers, wherever the focus is, except in a field that is typed into."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard.components.assets import browser_component


def page_keys(keys: Mapping[str, str], on_key: Callable[[str], None], *, key: str) -> None:
    """Listen for the keys ("u", "?", "ctrl+z", "ctrl+shift+z") and call `on_key` with what each stands for."""

    def told() -> None:
        what = (st.session_state.get(key) or {}).get("key")
        if isinstance(what, str) and what in keys.values():
            on_key(what)

    browser_component("page_keys", js=("page_keys.js",))(key=key, data={"keys": dict(keys)}, on_key_change=told)
