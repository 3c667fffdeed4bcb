"""One example: what it is, what every score says, why, and what a person decided about it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from core import actions
from dashboard.components import messages
from dashboard.components.display_text import shown
from dashboard.components.example_view import example_view
from dashboard.components.score_panel import score_panel
from dashboard.panels import (
    attribution,
    decision_form,
    example_evidence,
    example_facts,
    example_navigation,
    judge,
    review_bar,
    sample_review,
    what_if,
)
from dashboard.session import cache, error_boundary, explainer, navigation
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot
from dashboard.tables import example_tiles

_LARGE = 1280  # pixels of a side that the dialog is sent: twice what it shows, for screens of that density


def drawer(opened: Opened) -> None:
    """Everything about the focused example; says how to focus one when there is none."""
    row = opened.view.row_of.get(navigation.focused() or "")
    if row is None:
        messages.empty_state(
            "No example chosen",
            "Click a point on the map or a tile below it. Arrow keys move, k keeps, d drops, r relabels, u undoes; "
            "? lists the keys.",
            slot=slot("no_example"),
        )
        return
    explainer.prepare(opened.run)
    example_navigation.example_navigation(opened, row)
    in_sample = review_bar.asks(opened, row)
    blind = review_bar.blind(opened, row)
    if in_sample:
        sample_review.steps(opened, row)
    else:
        review_bar.steps(opened, row)
    _head(opened, row, blind)
    if in_sample:
        decision_form.note(opened, row)
        decision_form.keys(opened, row)
    else:
        decision_form.decide(opened, row)
    if not blind:
        _evidence(opened, row)


def _evidence(opened: Opened, row: int) -> None:
    """What scores and the model say."""
    with st.container(key="drawer_scores", border=True, gap=None):
        st.html("<h4>Scores</h4>")
        score_panel(example_tiles.score_lines(opened, row), key=f"panel_{row}")
        judge.judge(opened, "drawer")
    for key, title, draw in (
        ("why", "Why this prediction", attribution.attribution),
        ("what_if", "What if", what_if.what_if),
        ("training", "Training curve", example_evidence.curve),
        ("nearest", "Nearest neighbors", example_evidence.neighbors),
        ("duplicates", "Duplicates and near-duplicates", example_evidence.near_duplicates),
        ("helpful", "Helpful and harmful training examples", example_evidence.influence),
        ("history", "History", _history),
    ):
        with st.expander(title, key=f"open_{key}", on_change="rerun", expanded=key == "nearest") as part:
            if part.open:
                error_boundary.alone(draw, opened, row)


def _head(opened: Opened, row: int, blind: bool) -> None:
    name = str(opened.view.ids[row])
    example, problem = cache.example_input(opened.run, row)
    beside = isinstance(example, np.ndarray) or example is None  # an image leaves room at its right, a text does not
    st.html(f'<h4 data-opened-row="{row:d}">Example</h4>')  # keys ask it which row a person has before them
    with st.container(key="drawer_head", gap="small"):
        first, second = st.columns([5, 6], gap="small") if beside else (st.container(), st.container())
        with first if beside else second:
            standing = explainer.standing(opened.run.run_id, row, opened.run) if isinstance(example, Mapping) else None
            example_view(example, key=f"example_{row}", name=name, problem=problem, width=150, standing=standing)
            if isinstance(example, np.ndarray) and st.button("Enlarge", key="enlarge"):
                _enlarge(opened, row, name)
        with second if beside else first:
            example_facts.example_facts(opened, row, blind)


@st.dialog("Example", width="large")
def _enlarge(opened: Opened, row: int, name: str) -> None:
    """The image as large as the window gives room for, every pixel of a small one a square."""
    example, problem = actions.examples.example_input(opened.run, row)
    if example is None:
        st.text(problem)
        return
    across = max(1, example.shape[1])
    st.caption(f"{shown(name)}, {across} x {example.shape[0]} pixels")
    example, _ = actions.examples.example_input(opened.run, row, _LARGE)
    example_view(example, key="enlarged", name=name, width=min(640, 640 * across // max(1, example.shape[0])))


def _history(opened: Opened, row: int) -> None:
    events = actions.curation.history(opened.run, str(opened.view.ids[row]), opened.curation.branch)
    if not events:
        st.text("Nobody has decided anything about this example yet.")
    for event in events:
        st.text(shown(f"{event.seq}. {event.summary}"))
