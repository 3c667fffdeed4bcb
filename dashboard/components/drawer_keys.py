"""Letters that open a part of the drawer wherever the focus is, and the focus into the field they opened."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.components.assets import browser_component


def drawer_keys(parts: Mapping[str, str], field: str, wish: int, *, key: str) -> str | None:
    """Listen for the letters of `parts`; returns the part whose letter was just pressed, or None.

    Focuses the input of the widget whose key is `field`, once per number `wish`. Letters typed into a field, and those
    that the gallery or the map answers, are left alone.
    """
    mount = browser_component("drawer_keys", js=("drawer_keys.js",))
    data = {"parts": dict(parts), "field": field, "wish": wish}
    pressed = mount(key=key, data=data, on_part_change=lambda: None).get("part")
    return pressed if pressed in parts.values() else None
