"""What the keys of the page do, on every step; the list of them is a dialog."""

from __future__ import annotations

import streamlit as st

from core.types.curation import Action
from dashboard.components.page_keys import page_keys
from dashboard.panels import selection_bar
from dashboard.session import commands, navigation, selection, state
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot

_EDITS = {"u": "undo", "ctrl+z": "undo", "ctrl+shift+z": "redo", "ctrl+y": "redo"}
_VERBS = {"k": Action.KEEP, "d": Action.DROP}
KEYS = (
    ("← →", "the example before or after this one, in the order and tab of the rows below the map"),
    ("arrows", "in the gallery: to the tile beside; Enter opens it, Space selects it, Shift extends"),
    ("k", "keep this example, or with none open what is selected; in review order the next one follows, as after d, r"),
    ("d", "drop it from the export, or with none open what is selected"),
    ("r", "relabel it: type the class, Enter, then Relabel; in the noise sample: its label is wrong"),
    ("n", "write a note: Enter saves it"),
    ("u, Ctrl+Z", "undo the last saved change, on every step"),
    ("Ctrl+Shift+Z", "redo it"),
    ("v", "in review order and in the noise sample: the label is right, keep it and go on"),
    ("s", "in review order: skip, marked as looked at; in the noise sample: unsure"),
    ("1 to 6", "the steps Data, Scores, Explore, Rules, Check and Export"),
    ("?", "this list"),
)


def keyboard(opened: Opened | None, steps: dict[str, str]) -> None:
    """Listen; steps: key -> name of a step that can be entered. Shows the list of keys when it was asked for."""
    keys = {**steps, "?": "keys"}
    if opened is not None:
        keys |= _EDITS
        if len(selection.selected()) and not _is_example_open(opened):
            keys |= {letter: action.value for letter, action in _VERBS.items()}

    def on_key(what: str) -> None:
        _do(opened, what)

    page_keys(keys, on_key, slot=slot("page_keys"))
    if state.get("keys_asked") and state.is_new("keys_shown", state.get("keys_asked")):
        _list()


def ask_for_keys() -> None:
    """Show the list of keys on the next draw."""
    state.put("keys_asked", state.get("keys_asked", 0) + 1)


def _do(opened: Opened | None, what: str) -> None:
    if what == "keys":
        ask_for_keys()
    elif opened is None or what not in ("undo", "redo", *(action.value for action in _VERBS.values())):
        navigation.request_page(what)
    elif what in ("undo", "redo"):
        {"undo": commands.undo, "redo": commands.redo}[what](opened.run)
    else:
        selection_bar.decide(opened, Action(what))


def _is_example_open(opened: Opened) -> bool:
    """Whether the drawer is in front: its own k and d are about the example in it."""
    return navigation.pane("side", "") == "example" and (navigation.focused() or "") in opened.view.row_of


@st.dialog("Keys")
def _list() -> None:
    for key, words in KEYS:
        with st.container(horizontal=True, gap="small", key=f"fact_key_{key}"):
            st.caption(key)
            st.text(words)
    st.caption("Keys work wherever the focus is, except in a field that you type into.")
