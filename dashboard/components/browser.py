"""Components that run in the browser: registered from their asset files, mounted, and listened to."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

from dashboard.components import assets
from dashboard.components.slot import Slot

PENDING = "pending"  # under which an event waits for the run that handles it


@cache
def browser_component(name: str, *, js: tuple[str, ...], css: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Register one component of the browser from its asset files; later calls give the same one."""
    source, style = assets.asset(*js), assets.asset(*css) or None
    return st.components.v2.component(f"chaffinch_{name}", js=source, css=style, isolate_styles=False)


@cache
def shared_component(name: str) -> Callable[..., Any]:
    """One of `assets.SHARED`: a page that holds its source already is sent the line that calls it."""
    js, css = assets.SHARED[name]
    whole = browser_component(name, js=js, css=css)
    line = st.components.v2.component(f"chaffinch_{name}_line", js=assets.call_line(name), isolate_styles=False)
    return lambda **how: (line if assets.is_shared() else whole)(**how)


def mount_and_listen(
    mount: Callable[..., Any], name: str, *, slot: Slot, data: Any, on_event: Callable[[Any], None] | None = None
) -> Any:
    """Mount a component; the event that the browser reported under `name`, once, or None.

    An event waits in the slot from its arrival until it is taken, because the run that brought it may be overtaken.
    on_event: called with it at once instead, before anything is drawn; for what a run must not leave half done.
    """
    pending = slot.part(name)

    def receive() -> None:
        event = slot.reported(name)
        if event is not None and on_event is not None:
            on_event(event)
        elif event is not None:
            pending.remember(PENDING, event)

    mount(key=slot.key, data=data, **{f"on_{name}_change": receive})
    return pending.take(PENDING)
