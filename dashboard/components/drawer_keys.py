"""Letters that open a part of the drawer wherever the focus is, and the focus into the field they opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard.components.assets import browser_component


def drawer_keys(parts: Mapping[str, str], on_part: Callable[[str], None], field: str, wish: int, *, key: str) -> None:
    """Listen for the letters of `parts` and call `on_part` with the part, before the rerun's script.

    Focuses the input of the widget whose key is `field`, once per number `wish`. Letters typed into a field, and those
    that the gallery or the map answers, are left alone.
    """

    def told() -> None:
        part = (st.session_state.get(key) or {}).get("part")
        if isinstance(part, str) and part in parts.values():
            on_part(part)

    mount = browser_component("drawer_keys", js=("drawer_keys.js",))
    mount(key=key, data={"parts": dict(parts), "field": field, "wish": wish}, on_part_change=told)
