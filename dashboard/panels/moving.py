"""From one example to the next, back a step, and what the keys do: by buttons and by keys alike."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard import doing, reading, selecting, state
from dashboard.opened import Opened
from dashboard.panels import review_bar

KEYS = (
    ("← →", "the example before or after this one, in the order and tab of the rows below the map"),
    ("arrows", "in the gallery: to the tile beside; Enter opens it, Space selects it, Shift extends"),
    ("k", "keep this example; in review order the next one follows, as after d and r"),
    ("d", "drop it from the export"),
    ("r", "relabel it: type the class, Enter, then Relabel; in the noise sample: its label is wrong"),
    ("n", "write a note: Enter saves it"),
    ("u", "undo the last saved change"),
    ("v", "in review order and in the noise sample: the label is right, keep it and go on"),
    ("s", "in review order: skip, marked as looked at; in the noise sample: unsure"),
    ("?", "this list"),
)


def moving(opened: Opened, row: int) -> None:
    """Previous, next, undo and the list of keys. In review order the review's own steps take the arrows."""
    with st.container(key="drawer_moving", horizontal=True, gap="small"):
        if state.turned_to("order", "") != review_bar.ORDER and not review_bar.asks(opened, row):
            for title, arrow, by in (("Previous", "Left", -1), ("Next", "Right", 1)):
                st.button(title, key=f"move_{title.lower()}", on_click=_step, args=(opened, row, by), shortcut=arrow)
        st.button(
            "Undo",
            key="drawer_undo",
            on_click=doing.undo,
            args=(opened.run,),
            disabled=not opened.curation.can_undo,
            shortcut="u",
            help="Take back the last saved change, whatever it was.",
        )
        st.button("Keys", key="drawer_help", on_click=ask_for_keys, help="What the keys do (press ?).")
    if state.get("keys_asked") and state.is_new("keys_shown", state.get("keys_asked")):
        _keys()


def ask_for_keys() -> None:
    """Show the list of keys on the next draw."""
    state.put("keys_asked", state.get("keys_asked", 0) + 1)


@st.dialog("Keys")
def _keys() -> None:
    for key, words in KEYS:
        with st.container(horizontal=True, gap="small", key=f"fact_key_{key}"):
            st.caption(key)
            st.text(words)
    st.caption("Keys work wherever the focus is, except in a field that you type into.")


def _step(opened: Opened, row: int, by: int) -> None:
    other = neighbor_in_rows(opened, row, by)
    if other is not None:
        state.open_example(str(opened.view.ids[other]))


def neighbor_in_rows(opened: Opened, row: int, by: int) -> int | None:
    """The row `by` places after this one as the rows are listed; the first of the list for a row that is not in it."""
    rows = reading.ordered(opened, _listed(opened), state.turned_to("order", "rank"))
    at = np.flatnonzero(rows == row)
    if not len(at):
        return int(rows[0]) if len(rows) else None
    place = int(at[0]) + by
    return int(rows[place]) if 0 <= place < len(rows) else None


def _listed(opened: Opened) -> np.ndarray:
    """The rows of the tab in front."""
    tab = state.turned_to("tab", "Filtered")
    if tab == "All":
        return np.arange(len(opened.view))
    if tab == "Selected":
        return state.selection()
    filters = selecting.Filters(state.filters(), state.ranges(), state.search_words())
    return np.flatnonzero(selecting.shown_rows(opened.view, reading.facets(opened), filters))
