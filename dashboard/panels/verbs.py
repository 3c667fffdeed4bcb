"""What can be done with a selection: keep, drop, relabel, clear, save under a name."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.types.curation import Action
from dashboard import doing, selecting, state
from dashboard.opened import Opened


def verbs(opened: Opened, shown: np.ndarray) -> None:
    """One line of buttons; each says how many rows it acts on once it is on disk."""
    rows = state.selection()
    none = len(rows) == 0
    with st.container(key="verbs", horizontal=True, gap="small", vertical_alignment="center"):
        st.text(f"{len(rows):,} selected")
        for action, title in ((Action.KEEP, "Keep"), (Action.DROP, "Drop"), (Action.CLEAR, "Clear decision")):
            st.button(
                title,
                key=f"verb_{action.value}",
                disabled=none,
                on_click=_decide,
                args=(opened, action),
                help="Select rows first: lasso on the map, rows of the table, or all filtered." if none else None,
            )
        with st.popover("Relabel", disabled=none):
            label = st.selectbox(
                "New label", opened.view.class_names, index=None, key="verb_label", placeholder="Type a class"
            )
            st.button(
                "Relabel them",
                key="verb_relabel",
                disabled=label is None,
                on_click=_decide,
                args=(opened, Action.RELABEL, label),
            )
        st.space("stretch")
        st.button("Select all filtered", key="select_filtered", on_click=state.select, args=(np.flatnonzero(shown),))
        with st.popover("More"):
            _more(opened, shown, none)


def _more(opened: Opened, shown: np.ndarray, none: bool) -> None:
    st.button("Invert", key="invert", on_click=state.select, args=(selecting.inverse(state.selection(), shown),))
    st.button(
        "Clear selection", key="clear_selection", disabled=none, on_click=state.select, args=(np.array([], np.int64),)
    )
    name = st.text_input("Name", key="selection_name", placeholder="Name of this selection")
    st.button(
        "Save selection", key="save_selection", disabled=none or not name.strip(), on_click=_save, args=(opened, name)
    )
    for number, (title, ids) in enumerate(opened.curation.selections.items()):
        with st.container(horizontal=True, key=f"named_{number}"):
            st.text(f"{title} ({len(ids):,})")
            st.button("Select", key=f"recall_{number}", on_click=_recall, args=(opened, ids))
            st.button("Remove", key=f"forget_{number}", on_click=_forget, args=(opened, title))


def _decide(opened: Opened, action: Action, label: str | None = None) -> None:
    ids = doing.names_of(opened.view.ids, state.selection())
    words = {
        Action.KEEP: "kept",
        Action.DROP: "dropped",
        Action.CLEAR: "back to the rules",
        Action.RELABEL: f"relabeled {label}",
    }
    doing.decide(opened.run, ids, action, f"Saved: {len(ids):,} rows {words[action]}", label=label)


def _save(opened: Opened, name: str) -> None:
    doing.save_selection(opened.run, name.strip(), doing.names_of(opened.view.ids, state.selection()))


def _forget(opened: Opened, name: str) -> None:
    doing.save_selection(opened.run, name, [])


def _recall(opened: Opened, ids: tuple[str, ...]) -> None:
    rows = [opened.view.row_of[i] for i in ids if i in opened.view.row_of]
    state.select(np.array(sorted(rows), np.int64))
