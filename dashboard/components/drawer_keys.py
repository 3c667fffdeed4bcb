"""Letters that open a part of the drawer wherever the focus is, and the focus into the field they opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboard.components.browser import shared_component
from dashboard.components.slot import Slot


def drawer_keys(
    parts: Mapping[str, str], on_part: Callable[[str], None], field: str, request: int, *, slot: Slot
) -> None:
    """Listen for the letters of `parts` and call `on_part` with the part, before the rerun's script.

    Focuses the input of the widget whose key is `field`, once per number `request`. Letters typed into a field are left
    alone, and so are those that the gallery or the map answers.
    """

    def receive() -> None:
        part = slot.reported("part")
        if isinstance(part, str) and part in parts.values():
            on_part(part)

    mount = shared_component("drawer_keys")
    mount(key=slot.key, data={"parts": dict(parts), "field": field, "wish": request}, on_part_change=receive)
