"""Keys that the whole page answers, wherever the focus is, except in a field that is typed into."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboard.components.browser import shared_component
from dashboard.components.slot import Slot

# Which button a key presses: the first of these that is on the page. Streamlit's own `shortcut` binds its listener anew
# with every drawing of a button, and a press between two of them is lost.
_BUTTONS = {
    "k": ("drawer_keep",),
    "d": ("drawer_drop",),
    "v": ("review_done", "sample_right"),
    "s": ("review_skip", "sample_unsure"),
    "ArrowLeft": ("move_previous", "review_previous"),
    "ArrowRight": ("move_next", "review_next"),
}
_HINTS = {"ArrowLeft": "←", "ArrowRight": "→"}


def page_keys(keys: Mapping[str, str], on_key: Callable[[str], None], *, slot: Slot) -> None:
    """Listen for the keys ("u", "?", "ctrl+z", "ctrl+shift+z") and call `on_key` with what each stands for.

    The keys of buttons press them as a click does.
    """

    def receive() -> None:
        command = slot.reported("key")
        if isinstance(command, str) and command in keys.values():
            on_key(command)

    shared_component("page_keys")(
        key=slot.key,
        data={"keys": dict(keys), "buttons": {k: list(v) for k, v in _BUTTONS.items()}},
        on_key_change=receive,
    )


def with_key(title: str, button: str) -> str:
    """The title of the button whose widget key is `button`, with the key of the keyboard that presses it."""
    key = next((key for key, buttons in _BUTTONS.items() if button in buttons), None)
    return title if key is None else f"{title} :small[{_HINTS.get(key, key.upper())}]"
