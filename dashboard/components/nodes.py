"""Small panels as trees of plain elements: the browser makes a text node of every string, so no markup can slip in.

A node is a string, or [tag, {class, title, label, style, act, ...}, *children]. `act` makes a press of it come back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboard.components.browser import mount_and_listen, shared_component
from dashboard.components.display_text import shown
from dashboard.components.slot import Slot

Node = str | list[Any]


def show_nodes(tree: Node, *, key: str) -> None:
    """Draw a tree, its texts cut at 2,000 letters."""
    _mount()(key=key, data=_short(tree))


def press_nodes(tree: Node, *, slot: Slot, on_act: Callable[[str], None] | None = None) -> str | None:
    """Draw a tree with buttons in it; returns the `act` of the one that was just pressed, or None.

    on_act: called with it instead, before anything is drawn.
    """
    pressed = mount_and_listen(_mount(), "act", slot=slot, data=_short(tree), on_event=on_act)
    return pressed if isinstance(pressed, str) else None


def _mount() -> Callable[..., Any]:
    return shared_component("nodes")


def _short(tree: Node) -> Node:
    if isinstance(tree, str):
        return shown(tree)
    tag, how, *children = tree
    words = {name: shown(how[name]) for name in ("title", "label", "alt") if isinstance(how.get(name), str)}
    return [tag, {**how, **words}, *map(_short, children)]


def node(tag: str, class_: str = "", *children: Node, **how: Any) -> Node:
    """One element; `how` may hold title, label, role, style, act, disabled, src, alt."""
    return [tag, {"class": class_, **how}, *children]
