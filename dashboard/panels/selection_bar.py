"""What can be done with a selection: keep, drop, relabel, clear, add to it, save it under a name, export it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import actions
from core.types.curation import Action, Change
from dashboard.components.display_text import shown
from dashboard.session import commands, navigation, row_bits, selection, state, url_widgets
from dashboard.session.current_run import Opened

_MODE_HELP = (
    "What a choice of rows does to the selection: take its place, add to it, take rows away, or leave only the rows "
    "in both. It holds for bars, buttons, tables and the lasso (there Shift adds and Alt takes away)."
)


def selection_bar(opened: Opened, shown: np.ndarray) -> None:
    """One line of buttons; each says how many rows it acts on once it is on disk."""
    rows = selection.selected()
    none = len(rows) == 0
    with st.container(key="verbs", horizontal=True, gap="small", vertical_alignment="center"):
        named = f" · {selection.saved_name()}" if selection.saved_name() else ""
        st.text(f"{len(rows):,} selected{named[:40]}")
        for action, title in ((Action.KEEP, "Keep"), (Action.DROP, "Drop"), (Action.CLEAR, "Clear")):
            st.button(
                title,
                key=f"verb_{action.value}",
                disabled=none,
                on_click=decide,
                args=(opened, action),
                help="Select rows first: lasso on the map, bars, rows of the table, or all filtered." if none else None,
            )
        with st.popover("Relabel", disabled=none, key="verb_relabel_open", on_change="rerun"):
            _relabel(opened)
        st.space("stretch")
        st.selectbox(
            "A choice of rows will",
            list(selection.MODES),
            format_func=selection.MODES.__getitem__,
            label_visibility="collapsed",
            width=112,
            help=_MODE_HELP,
            **url_widgets.sticky_choice("mode", selection.MODES, "replace"),
        )
        st.button("Select all filtered", key="select_filtered", on_click=selection.chooser(shown))
        with st.popover("More"):
            _more(opened, shown, none)


def _relabel(opened: Opened) -> None:
    names = opened.view.class_names
    label = st.selectbox(
        "New label", names, index=None, format_func=shown, key="verb_label", placeholder="Type a class"
    )
    st.button(
        "Relabel them",
        key="verb_relabel",
        disabled=label is None,
        on_click=decide,
        args=(opened, Action.RELABEL, label),
    )


def _more(opened: Opened, shown: np.ndarray, none: bool) -> None:
    with st.container(horizontal=True, gap="small", key="more_at_once"):
        shown_bits = row_bits.RowBits.of(shown)
        st.button("Invert", key="invert", on_click=lambda: selection.select(_inverse(shown_bits)))
        nothing = np.array([], np.int64)
        st.button("Clear selection", key="clear_selection", disabled=none, on_click=selection.select, args=(nothing,))
        st.download_button(
            "Export as CSV",
            data=lambda: _csv(opened),
            file_name=f"{opened.run.name}-selection.csv",
            mime="text/csv",
            on_click="ignore",
            key="export_selection",
            disabled=none,
            icon=":material/download:",
            help="The selected rows: your columns, every score, what was decided and why.",
        )
    with st.container(horizontal=True, gap="small", key="save_line", vertical_alignment="bottom"):
        name = st.text_input("Name", key="selection_name_box", placeholder="Name of this selection", max_chars=80)
        wanting = none or not name.strip()
        st.button("Save selection", key="save_selection", disabled=wanting, on_click=_save, args=(opened, name))
    for number, (title, ids) in enumerate(opened.curation.selections.items()):
        _named(opened, number, title, len(ids))


def _inverse(shown: row_bits.RowBits) -> np.ndarray:
    return actions.selections.inverse(selection.selected(), shown.mask())


def _named(opened: Opened, number: int, title: str, count: int) -> None:
    with st.container(horizontal=True, key=f"named_{number}", gap="small", vertical_alignment="center"):
        st.text(f"{title} ({count:,})", width="stretch")
        st.button("Select", key=f"recall_{number}", on_click=_recall, args=(opened, title))
        with st.popover("Rename"):
            to = st.text_input("New name", value=title, key=f"rename_to_{number}_{title}", max_chars=80)
            same = to.strip() in ("", title)
            st.button("Rename", key=f"rename_{number}", disabled=same, on_click=_rename, args=(opened, title, to))
        st.button("Remove", key=f"forget_{number}", on_click=_forget, args=(opened, title))


def _csv(opened: Opened) -> bytes:
    return actions.selections.selection_csv(
        opened.view, opened.rules, opened.curation.decisions, opened.outcome, selection.selected()
    )


def decide(opened: Opened, action: Action, label: str | None = None) -> None:
    """Decide about all selected rows."""
    if commands.decide_rows(opened, selection.selected(), Change(action, label=label)) is not None:
        state.put("verb_relabel_open", False)


def _save(opened: Opened, name: str) -> None:
    ids = commands.names_of(opened.view.ids, selection.selected())
    if commands.save_selection(opened.run, name.strip(), ids) is not None:
        selection.select(selection.selected(), name.strip())


def _forget(opened: Opened, title: str) -> None:
    if commands.save_selection(opened.run, title, []) is not None and selection.saved_name() == title:
        selection.select(selection.selected())


def _rename(opened: Opened, title: str, to: str) -> None:
    if commands.rename_selection(opened.run, title, to.strip()) is not None and selection.saved_name() == title:
        selection.select(selection.selected(), to.strip())


def _recall(opened: Opened, title: str) -> None:
    rows = selection.saved_rows(opened, title)
    if rows is None:
        return
    if selection.mode() == "replace":
        selection.select(rows, title)
        navigation.show_pane("tab", "Selected")
    else:
        selection.choose(rows)
