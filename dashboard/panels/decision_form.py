"""What a person decides about one example: keep, drop, relabel, clear, and a note beside it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.types.curation import Action, Change
from dashboard.components.display_text import shown
from dashboard.components.drawer_keys import drawer_keys
from dashboard.components.page_keys import with_key
from dashboard.components.saved_field import saved_field
from dashboard.panels import review_bar
from dashboard.session import commands, navigation, state
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot


def decide(opened: Opened, row: int) -> None:
    """The verbs as buttons and keys, and the note."""
    decision = opened.curation.decisions.get(str(opened.view.ids[row]))
    with st.container(key="drawer_verbs", horizontal=True, gap="small"):
        for action, title in (
            (Action.KEEP, "Keep"),
            (Action.DROP, "Drop"),
            (Action.CLEAR, "Clear"),
        ):
            now = decision is not None and decision.action == action
            st.button(
                with_key(title, f"drawer_{action.value}"),
                key=f"drawer_{action.value}",
                on_click=one,
                args=(opened, row, action),
                type="primary" if now else "secondary",
            )
        with popover(row, "relabel", "Relabel"):
            choose_label(opened, row, "Relabel")
    note(opened, row)
    keys(opened, row)


def popover(row: int, part: str, title: str) -> DeltaGenerator:
    """Opened by its button, or by a key of the keyboard."""
    key = f"open_{part}_{row}"
    if navigation.requested_part()[0] == part and state.is_new("opened_part", navigation.requested_part()):
        state.put(key, True)
    return st.popover(title, key=key, on_change="rerun")


def choose_label(opened: Opened, row: int, title: str) -> None:
    """A class, and the button that gives it to the row."""
    names = opened.view.class_names
    label = st.selectbox(
        "New label", names, index=None, format_func=shown, key=f"label_{row}", placeholder="Type a class"
    )
    present = int(opened.outcome.label_final[row])
    same = label is not None and present >= 0 and label == names[present]
    if same:
        st.text("It has this label already.")
    st.button(
        title,
        key="drawer_relabel",
        disabled=label is None or same,
        on_click=one,
        args=(opened, row, Action.RELABEL, label),
    )


def note(opened: Opened, row: int) -> None:
    """Saved by Enter and by leaving the field; what could not be saved stays in it, with a button that tries again."""
    key = f"note_{row}"
    saved = _saved_note(opened, row)
    state.show_saved(key, saved)
    saved_field(key, key="note_leaving")
    with st.container(key="drawer_note_line", horizontal=True, gap="small", vertical_alignment="center"):
        st.text_input(
            "Note",
            key=key,
            placeholder="Note (n): Enter saves it",
            label_visibility="collapsed",
            icon=":material/edit_note:",
            on_change=_note,
            args=(opened, row),
        )
        if state.get(key) != saved:
            st.button("Save note", key="drawer_note", on_click=_note, args=(opened, row))


def keys(opened: Opened, row: int) -> None:
    """r and n work wherever the focus is, and put it into what they open; k and d answer the sample."""
    example_id = str(opened.view.ids[row])
    part, request = navigation.requested_part()
    field = {"relabel": f"label_{row}", "note": f"note_{row}"}.get(part, "")

    verbs = {"k": Action.KEEP.value, "d": Action.DROP.value} if review_bar.asks(opened, row) else {}

    def on_part(requested: str) -> None:
        if requested in verbs.values():
            one(opened, row, Action(requested))
        else:
            navigation.request_part(requested, example_id)

    drawer_keys({"r": "relabel", "n": "note", **verbs}, on_part, field, request, slot=slot("drawer_keys"))


def one(opened: Opened, row: int, action: Action, label: str | None = None) -> None:
    """Decide about one row; in the order of a review the next one follows."""
    is_answer = review_bar.asks(opened, row) or None
    change = Change(action, label=label, reviewed=action != Action.CLEAR, sampled=is_answer)
    done = commands.decide_rows(opened, [row], change)
    if done is None:
        return
    if action == Action.RELABEL:
        state.put(f"open_relabel_{row}", False)
    if action != Action.CLEAR:
        review_bar.go_on(opened, row)


def _saved_note(opened: Opened, row: int) -> str:
    decision = opened.curation.decisions.get(str(opened.view.ids[row]))
    return decision.note if decision else ""


def _note(opened: Opened, row: int) -> None:
    """Save what the field says. It also reports, unchanged, when it goes while a run is cut short by the next key."""
    text = state.get(f"note_{row}")
    if text is not None and text != _saved_note(opened, row):
        commands.decide(opened.run, [str(opened.view.ids[row])], Change(note=text), "Note saved")
