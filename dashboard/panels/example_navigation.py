"""From one example to the next, and back a step: by buttons and by keys alike."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import actions
from core.types.facets import Filters
from dashboard.components.page_keys import with_key
from dashboard.panels import keyboard, review_bar
from dashboard.session import commands, navigation, row_filters, selection
from dashboard.session.current_run import Opened
from dashboard.tables import row_table


def example_navigation(opened: Opened, row: int) -> None:
    """Previous, next, undo and the list of keys. In review order the review's own steps take the arrows."""
    with st.container(key="drawer_moving", horizontal=True, gap="small"):
        if navigation.pane("order", "") != review_bar.ORDER and not review_bar.asks(opened, row):
            for title, by in (("Previous", -1), ("Next", 1)):
                key = f"move_{title.lower()}"
                st.button(with_key(title, key), key=key, on_click=_step, args=(opened, row, by))
        st.button(
            "Undo",
            key="drawer_undo",
            on_click=commands.undo,
            args=(opened.run,),
            disabled=not opened.curation.can_undo,
            help="Take back the last saved change, whatever it was (u).",
        )
        st.button("Keys", key="drawer_help", on_click=keyboard.ask_for_keys, help="What the keys do (press ?).")


def _step(opened: Opened, row: int, by: int) -> None:
    other = neighbor_in_rows(opened, row, by)
    if other is not None:
        navigation.open_example(str(opened.view.ids[other]))


def neighbor_in_rows(opened: Opened, row: int, by: int) -> int | None:
    """The row `by` places after this one as the rows are listed; the first of the list for a row that is not in it."""
    rows = row_table.ordered(opened, _listed(opened), navigation.pane("order", "rank"))
    at = np.flatnonzero(rows == row)
    if not len(at):
        return int(rows[0]) if len(rows) else None
    place = int(at[0]) + by
    return int(rows[place]) if 0 <= place < len(rows) else None


def _listed(opened: Opened) -> np.ndarray:
    """The rows of the tab in front."""
    tab = navigation.pane("tab", "Filtered")
    if tab == "All":
        return np.arange(len(opened.view))
    if tab == "Selected":
        return selection.selected()
    filters = Filters(row_filters.filters(), row_filters.ranges(), row_filters.search_words())
    return np.flatnonzero(actions.facets.shown_rows(opened.view, row_table.facets(opened), filters))
