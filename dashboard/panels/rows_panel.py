"""The examples themselves: All, Filtered or Selected, as a gallery or a table, in the order of a score."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import actions
from core.types.curation import Action
from dashboard.components import gallery as galleries
from dashboard.components import table
from dashboard.components.display_text import shown
from dashboard.panels import decision_form, judge, keyboard, label_queue, review_bar, sample_review
from dashboard.session import commands, navigation, row_filters, selection, state, url_widgets
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot
from dashboard.tables import example_tiles, row_table

_PAGE = {"gallery": 60, "table": 500}


def rows_panel(opened: Opened, shown: np.ndarray) -> None:
    """Tabs with their counts, order, form, and one page of rows."""
    everything, selected = np.arange(len(opened.view)), selection.selected()
    sets = {"All": everything, "Filtered": np.flatnonzero(shown), "Selected": selected}
    with st.container(key="rows_tools", horizontal=True, gap="small", vertical_alignment="center"):
        tab = url_widgets.switch("tab", {name: f"{name} {len(rows):,}" for name, rows in sets.items()}, "Filtered")
        st.space("stretch")
        orders = row_table.orders(opened)
        order = st.selectbox(
            "Order",
            list(orders),
            format_func=orders.__getitem__,
            label_visibility="collapsed",
            width=250,
            **url_widgets.sticky_choice("order", orders, "rank"),
        )
        form = st.segmented_control(
            "Form",
            list(_PAGE),
            required=True,
            label_visibility="collapsed",
            **url_widgets.sticky_choice("form", _PAGE, "gallery"),
        )
    if order == review_bar.ORDER:
        review_bar.progress(opened)
    elif order == review_bar.SAMPLE:
        sample_review.progress(opened)
    elif order == label_queue.ORDER:
        label_queue.tools(opened)
    if order not in (review_bar.ORDER, review_bar.SAMPLE):  # who reviews judges alone
        judge.judge(opened, "rows")
    rows = row_table.ordered(opened, sets[tab], order)
    size = _PAGE[form or "gallery"]
    pages = max(1, -(-len(rows) // size))
    page = min(state.get("page", 1), pages)
    with st.container(key="rows_pane", gap=None):
        part = rows[(page - 1) * size : page * size]
        as_table = form == "table" and order != review_bar.SAMPLE  # whose rows are shown without what models say
        if as_table and not len(part):
            st.text(_empty_words(tab))
        _table(opened, part) if as_table else _gallery(opened, part, order, tab)
        if pages > 1:
            st.pagination(pages, key="page")


def _gallery(opened: Opened, rows: np.ndarray, order: str, tab: str) -> None:
    tiles = [example_tiles.tile(opened, int(row), order) for row in rows]
    galleries.gallery(
        tiles,
        slot=slot("gallery"),
        selected=actions.selections.join(selection.selected(), rows, "within").tolist(),
        empty=_empty_words(tab),
        focused=opened.view.row_of.get(navigation.focused() or ""),
        size=84,
        height=None,
        on_event=lambda event: _react(opened, rows, event),
    )


def _react(opened: Opened, rows: np.ndarray, event: galleries.GalleryEvent) -> None:
    if event.kind == "select":
        rest = actions.selections.join(selection.selected(), rows, "subtract")
        selection.select(actions.selections.join(rest, np.array(event.rows, np.int64), "add"))
    elif event.kind == "focus":
        navigation.open_example(str(opened.view.ids[event.row]))
    elif event.kind == "key":
        _press(opened, event)


def _empty_words(tab: str) -> str:
    if tab == "Selected":
        return "Nothing selected: draw a lasso on the map, or press Select all filtered."
    words = shown(row_filters.search_words())
    if words:
        return f"No example that passes the filters holds “{words}”: let the search or a filter go at the right."
    return "No example passes the filters: let one go at the right."


def _press(opened: Opened, event: galleries.GalleryEvent) -> None:
    actions = {"k": Action.KEEP, "d": Action.DROP}
    if event.row is None:
        return
    if event.pressed in actions:
        decision_form.one(opened, event.row, actions[event.pressed])
    elif event.pressed == "u":
        commands.undo(opened.run)
    elif event.pressed in ("r", "n"):
        navigation.request_part({"r": "relabel", "n": "note"}[event.pressed], str(opened.view.ids[event.row]))
    elif event.pressed == "?":
        keyboard.ask_for_keys()


def _table(opened: Opened, rows: np.ndarray) -> None:
    """A table whose check marks are the selection, both ways."""
    frame = row_table.rows_frame(opened, rows)
    here = actions.selections.join(selection.selected(), rows, "within")
    marks = state.once("table_marks", lambda: {"times": 0})
    shown = (rows.tobytes(), here.tobytes())
    if marks.get("shown") != shown:  # changed elsewhere: a table of another key starts with these marks
        marks.update(times=marks["times"] + 1, shown=shown)
    numbers = ("distance to the cut", "flip risk", *opened.view.scores)
    marked = table.table(
        frame,
        key=f"rows_table_{marks['times']}",
        rows=rows,
        height=330,
        numbers=numbers,
        chosen=tuple(here.tolist()),
        alt="Rows with their decisions and scores",
    )
    now = np.unique(np.array(marked or (), np.int64))
    if np.array_equal(now, here):
        return
    marks["shown"] = (rows.tobytes(), now.tobytes())
    selection.select(
        actions.selections.join(actions.selections.join(selection.selected(), rows, "subtract"), now, "add")
    )
    added = np.setdiff1d(now, here)
    if len(added) == 1:
        navigation.focus(str(opened.view.ids[added[0]]))
    st.rerun()
