"""What is known of one example beside its input: labels, prediction, what becomes of it and why."""

from __future__ import annotations

import streamlit as st

from core import actions
from core.types.figures import probability
from dashboard.components.display_text import shown
from dashboard.session.current_run import Opened
from dashboard.tables import example_tiles, flip_risks, row_table

_TITLES = {
    "id": "Id",
    "label": "Label",
    "split": "Split",
    "predicted": "Predicted",
    "rising": "Rose in training",
    "export": "Export",
    "because": "Because",
    "distance": "Distance to the cut",
    "zone": "Zone",
}


def example_facts(opened: Opened, row: int, blind: bool = False) -> None:
    """One line each. blind: without anything that a model or a rule says, so that a person judges alone."""
    facts = _given(opened, row) if blind else _given(opened, row) | _judged(opened, row)
    with st.container(key="drawer_facts", gap=None):
        for key, value in facts.items():
            with st.container(horizontal=True, gap="small", key=f"fact_{key}"):
                st.caption(_TITLES[key])
                st.text(shown(value))


def _given(opened: Opened, row: int) -> dict[str, str]:
    view = opened.view
    return {
        "id": str(view.ids[row]),
        "label": example_tiles.label_words(opened, row),
        "split": str(view.splits[row]) + (" (locked)" if view.held_out[row] else ""),
    }


def _judged(opened: Opened, row: int) -> dict[str, str]:
    about = ", of the label as given" if example_tiles.is_relabeled(opened, row) else ""
    return {
        "predicted": _predicted(opened, row),
        **_rising(opened, row),
        "export": ("kept" if opened.outcome.kept[row] else "dropped") + f", by {opened.outcome.decided_by(row)}",
        "because": actions.outcomes.reasons_of(opened.outcome, row),
        "distance": flip_risks.distance_words(opened, row),
        "zone": row_table.zone_word(opened, row) + about,
    }


def _rising(opened: Opened, row: int) -> dict[str, str]:
    """A second suggestion, where another class than the label gained over training; no line where none did."""
    rising = opened.view.rising
    if rising is None or rising[row] < 0:
        return {}
    return {"rising": example_tiles.class_word(opened, int(rising[row]))}


def _predicted(opened: Opened, row: int) -> str:
    view = opened.view
    if view.predicted is None or view.predicted[row] < 0:
        return "none"
    sure = (
        ""
        if view.predicted_prob is None
        else f" ({probability(view.predicted_prob[row])}, {view.predicted_how.replace('_', ' ')})"
    )
    return example_tiles.class_word(opened, int(view.predicted[row])) + sure
