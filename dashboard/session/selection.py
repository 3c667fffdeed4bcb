"""The selected rows: in the session for this page, on disk under a key in the URL, so that they outlive a reload."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from core import actions
from dashboard.session import access, commands, navigation, row_bits, state, url
from dashboard.session.current_run import Opened

MODES = {"replace": "Replace", "add": "Add", "subtract": "Subtract", "within": "Within"}
_SAVED = "name:"  # before the name of a saved selection in the URL; others are named by a key


def selected() -> np.ndarray:
    """Selected rows, sorted int64."""
    return st.session_state.get("selection", np.array([], dtype=np.int64))


def select(rows: np.ndarray, name: str = "") -> None:
    """Replace the selection; `name` when it is a saved one."""
    st.session_state["selection"] = np.asarray(rows, dtype=np.int64)
    st.session_state["selection_name"] = name
    st.session_state["selection_moved"] = True
    if not len(rows) and navigation.pane("tab", "") == "Selected":  # an empty tab
        navigation.show_pane("tab", "Filtered")


def saved_name() -> str:
    """The name under which the present selection is saved, empty when it is not."""
    return st.session_state.get("selection_name", "")


def sync(opened: Opened) -> None:
    """Once per run of the page: store a new selection and name it in the URL, or restore the one that the URL names."""
    in_url, last = url.first("sel"), st.session_state.get("selection_url", "")
    if st.session_state.get("selection_moved", False):
        _mark_stored(_store(opened, in_url) if len(selected()) else "")
    elif in_url != last:
        _restore(opened, in_url)


def _store(opened: Opened, in_url: str) -> str:
    if saved_name():
        return _SAVED + saved_name()
    if access.exposed() is not None:  # visitors may look around; nothing of theirs is stored
        return in_url
    key = commands.attempt(lambda: actions.selections.keep_picked(opened.run, selected()))
    return in_url if key is None else str(key)


def _restore(opened: Opened, in_url: str) -> None:
    name = in_url.removeprefix(_SAVED) if in_url.startswith(_SAVED) else ""
    rows = saved_rows(opened, name) if name else _stored_rows(opened, in_url)
    if rows is None:
        hint = "Select again, and save it under a name."
        state.tell("The selection in this address is no longer kept.", hint, "error")
    select(np.array([], np.int64) if rows is None else rows, name if rows is not None else "")
    _mark_stored(in_url if rows is not None else "")


def _stored_rows(opened: Opened, key: str) -> np.ndarray | None:
    return actions.selections.picked_rows(opened.run, key) if key else np.array([], np.int64)


def _mark_stored(text: str) -> None:
    """The present selection can be restored from this text of the URL."""
    url.set_param("sel", [text] if text else [])
    st.session_state.update(selection_url=text, selection_moved=False)


def saved_rows(opened: Opened, name: str) -> np.ndarray | None:
    """Rows of a selection that was saved under a name, None when there is none."""
    ids = opened.curation.selections.get(name)
    return None if ids is None else opened.view.rows_of(ids)


def mode() -> str:
    """How new rows join the present selection."""
    chosen = navigation.pane("mode", "replace")
    return chosen if chosen in MODES else "replace"


def choose(rows: np.ndarray, how: str = "") -> None:
    """Join rows to the selection as the mode (or `how`) says, and show the tab of selected rows."""
    select(actions.selections.join(selected(), rows, how or mode()))
    navigation.show_pane("tab", "Selected")


def chooser(rows: np.ndarray) -> Callable[[], None]:
    """A callback for a button that selects these rows (numbers, or bool [N])."""
    bits = row_bits.RowBits.of(rows)
    return lambda: choose(bits.rows())
