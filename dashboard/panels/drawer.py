"""One example: what it is, what every score says, why, and what a person decided about it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import actions
from core.types.curation import Action
from core.types.errors import CurationError
from dashboard import cache, doing, drawing, explaining, reading, state
from dashboard.components import messages
from dashboard.components.drawer_keys import drawer_keys
from dashboard.components.example_view import example_view
from dashboard.components.score_panel import score_panel
from dashboard.opened import Opened
from dashboard.panels import evidence, moving, review_bar, what_if, why


def drawer(opened: Opened) -> None:
    """Everything about the focused example; says how to focus one when there is none."""
    row = opened.view.row_of.get(state.focused() or "")
    if row is None:
        messages.empty_state(
            "No example chosen",
            "Click a point on the map or a tile below it. Arrow keys move, k keeps, d drops, r relabels, u undoes; "
            "? lists the keys.",
            key="no_example",
        )
        return
    explaining.prepare(opened.run)
    moving.moving(opened, row)
    review_bar.steps(opened, row)
    _head(opened, row)
    _decide(opened, row)
    with st.container(key="drawer_scores", border=True, gap=None):
        st.html("<h4>Scores</h4>")
        score_panel(drawing.score_lines(opened, row), key=f"panel_{row}")
    for title, draw in (
        ("Why this prediction", why.why),
        ("What if", what_if.what_if),
        ("Training curve", evidence.curve),
        ("Nearest neighbors", evidence.neighbors),
        ("Duplicates and near-duplicates", evidence.near_duplicates),
        ("Helpful and harmful training examples", evidence.influence),
        ("History", _history),
    ):
        name = "what_if" if title == "What if" else title.split()[0].lower()
        with st.expander(title, key=f"open_{name}", on_change="rerun", expanded=name == "nearest") as part:
            if part.open:
                _draw(draw, opened, row, name)


def _draw(draw, opened: Opened, row: int, name: str) -> None:
    try:
        draw(opened, row)
    except CurationError as error:  # one part that cannot be had leaves the rest of the drawer standing
        messages.error_box(error, key=f"error_{name}")


def _head(opened: Opened, row: int) -> None:
    name = str(opened.view.ids[row])
    example, problem = cache.example_input(opened.run, row)
    beside = isinstance(example, np.ndarray) or example is None  # a picture leaves room at its right, words do not
    st.html("<h4>Example</h4>")
    with st.container(key="drawer_head", gap="small"):
        first, second = st.columns([5, 6], gap="small") if beside else (st.container(), st.container())
        with first if beside else second:
            standing = explaining.standing(opened.run.run_id, row, opened.run) if isinstance(example, Mapping) else None
            example_view(example, key=f"example_{row}", name=name, problem=problem, width=150, standing=standing)
            if isinstance(example, np.ndarray) and st.button("Enlarge", key="enlarge"):
                _enlarge(example, name)
        with second if beside else first:
            _facts(opened, row)


@st.dialog("Example", width="large")
def _enlarge(example: np.ndarray, name: str) -> None:
    """The image as large as the window gives room for, every pixel a square."""
    across = max(1, example.shape[1])
    st.caption(f"{name}, {across} x {example.shape[0]} pixels")
    example_view(example, key="enlarged", name=name, width=min(640, 640 * across // max(1, example.shape[0])))


def _facts(opened: Opened, row: int) -> None:
    view = opened.view
    facts = {
        "Id": str(view.ids[row]),
        "Given label": drawing.class_word(opened, int(view.labels[row])),
        "Predicted": _predicted(opened, row),
        "Split": str(view.splits[row]) + (" (locked)" if view.held_out[row] else ""),
        "Export": ("kept" if opened.outcome.kept[row] else "dropped") + f", by {opened.outcome.source_of(row)}",
        "Because": reading.because(opened, row),
        "Margin": reading.margin_words(opened, row),
        "Zone": reading.zone_word(opened, row),
    }
    with st.container(key="drawer_facts", gap=None):
        for title, value in facts.items():
            with st.container(horizontal=True, gap="small", key=f"fact_{title.split()[0]}"):
                st.caption(title)
                st.text(value)


def _predicted(opened: Opened, row: int) -> str:
    view = opened.view
    if view.predicted is None or view.predicted[row] < 0:
        return "none"
    sure = (
        ""
        if view.predicted_prob is None
        else f" ({view.predicted_prob[row]:.2f}, {view.predicted_how.replace('_', ' ')})"
    )
    return drawing.class_word(opened, int(view.predicted[row])) + sure


def _decide(opened: Opened, row: int) -> None:
    example_id = str(opened.view.ids[row])
    said = opened.curation.decisions.get(example_id)
    with st.container(key="drawer_verbs", horizontal=True, gap="small"):
        for action, title, letter in (
            (Action.KEEP, "Keep", "k"),
            (Action.DROP, "Drop", "d"),
            (Action.CLEAR, "Clear", None),
        ):
            now = said is not None and said.action == action
            st.button(
                title,
                key=f"drawer_{action.value}",
                on_click=_one,
                args=(opened, row, action),
                shortcut=letter,
                type="primary" if now else "secondary",
            )
        with _popover(row, "relabel", "Relabel"):
            names = opened.view.class_names
            label = st.selectbox("New label", names, index=None, key=f"label_{row}", placeholder="Type a class")
            st.button(
                "Relabel",
                key="drawer_relabel",
                disabled=label is None,
                on_click=_one,
                args=(opened, row, Action.RELABEL, label),
            )
        with _popover(row, "note", "Note"):
            note = st.text_input("Note", value=said.note if said else "", key=f"note_{row}")
            st.button("Save note", key="drawer_note", on_click=_note, args=(opened, row, note))
    _keys(example_id, row)


def _popover(row: int, part: str, title: str) -> DeltaGenerator:
    """Opened by its button, or by a key of the keyboard."""
    key = f"open_{part}_{row}"
    if state.asked_part()[0] == part and state.is_new("opened_part", state.asked_part()):
        state.put(key, True)
    return st.popover(title, key=key, on_change="rerun")


def _keys(example_id: str, row: int) -> None:
    """r, n and ? work wherever the focus is, and put it into what they open."""
    part, wish = state.asked_part()
    field = {"relabel": f"label_{row}", "note": f"note_{row}"}.get(part, "")

    def open_part(asked: str) -> None:
        if asked == "keys":
            moving.ask_for_keys()
        else:
            state.ask_for(asked, example_id)

    drawer_keys({"r": "relabel", "n": "note", "?": "keys"}, open_part, field, wish, key="drawer_keys")


def _one(opened: Opened, row: int, action: Action, label: str | None = None) -> None:
    words = {
        Action.KEEP: "kept",
        Action.DROP: "dropped",
        Action.CLEAR: "back to the rules",
        Action.RELABEL: f"relabeled {label}",
    }
    name = str(opened.view.ids[row])
    doing.decide(
        opened.run, [name], action, f"Saved: {name} {words[action]}", label=label, reviewed=action != Action.CLEAR
    )


def _note(opened: Opened, row: int, note: str) -> None:
    doing.decide(opened.run, [str(opened.view.ids[row])], None, "Note saved", note=note)


def _history(opened: Opened, row: int) -> None:
    events = actions.history(opened.run, str(opened.view.ids[row]), opened.curation.branch)
    if not events:
        st.text("Nobody has decided anything about this example yet.")
    for event in events:
        st.text(f"{event.seq}. {event.summary}")
