"""Keys that the whole page answers, wherever the focus is, except in a field that is typed into."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboard.components.browser import shared_component
from dashboard.components.slot import Slot


def page_keys(keys: Mapping[str, str], on_key: Callable[[str], None], *, slot: Slot) -> None:
    """Listen for the keys ("u", "?", "ctrl+z", "ctrl+shift+z") and call `on_key` with what each stands for."""

    def receive() -> None:
        command = slot.reported("key")
        if isinstance(command, str) and command in keys.values():
            on_key(command)

    shared_component("page_keys")(key=slot.key, data={"keys": dict(keys)}, on_key_change=receive)
