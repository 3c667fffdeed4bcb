"""Thresholds on scores: by value, percentile or count, for all rows or one class."""

from __future__ import annotations

import streamlit as st

from core import actions
from core.types.curation import CutKind, Side, Threshold
from dashboard.components.display_text import shown
from dashboard.session import commands, state
from dashboard.session.current_run import Opened
from dashboard.tables import row_table

_EVERY = "every class"
_UNITS = {CutKind.VALUE: "at a value", CutKind.PERCENTILE: "at a percentile", CutKind.COUNT: "a number of rows"}


def threshold_list(opened: Opened) -> None:
    """The cuts there are, each removable, and a line to add one."""
    with st.container(key="cuts", border=True, gap="small"):
        st.html("<h4>Thresholds</h4>")
        for number, cut in enumerate(opened.rules.thresholds):
            with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"cut_{number}"):
                st.text(actions.rules.threshold_words(cut, row_table.title(cut.score)))
                st.space("stretch")
                st.button("Remove", key=f"cut_off_{number}", type="tertiary", on_click=_remove, args=(opened, number))
        if not opened.rules.thresholds:
            st.caption("None: nothing is dropped by a score's value.")
        with st.popover("Add a threshold"):
            _form(opened)


def _form(opened: Opened) -> None:
    names = ["composite", *opened.view.scores]
    score = st.selectbox("Score", names, format_func=row_table.title, key="cut_score")
    side = st.segmented_control("Drop", list(Side), default=Side.ABOVE, key="cut_side", required=True)
    kind = st.segmented_control(
        "Cut", list(_UNITS), format_func=_UNITS.__getitem__, default=CutKind.PERCENTILE, key="cut_kind", required=True
    )
    low, high, start = actions.cuts.cut_bounds(actions.cuts.cut_values(opened.view, opened.outcome, score), kind, side)
    cut = st.number_input(
        "At",
        low,
        high,
        start,
        key=f"cut_at_{score}_{kind}_{side}",
        format="%.6g" if kind == CutKind.VALUE else "%.0f",
        step=(high - low) / 100 if kind == CutKind.VALUE else 1.0,
    )
    where = st.selectbox("In", [_EVERY, *opened.view.class_names], format_func=shown, key="cut_class")
    threshold = Threshold(score, kind, side, float(cut), None if where == _EVERY else where)
    st.text(f"Would touch {actions.cuts.rows_beyond(opened.view, opened.rules, opened.outcome, threshold):,} rows")
    st.button("Add", key="cut_add", type="primary", on_click=_add, args=(opened, threshold))


def _add(opened: Opened, threshold: Threshold) -> None:
    commands.save_rules(
        opened.run,
        actions.rules.with_threshold(opened.rules, threshold),
        "Saved: " + actions.rules.threshold_words(threshold, threshold.score),
    )


def _remove(opened: Opened, number: int) -> None:
    commands.save_rules(opened.run, actions.rules.without_threshold(opened.rules, number), "Saved: one threshold less")
    state.retire_token("cut")
