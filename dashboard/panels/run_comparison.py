"""Two runs of the same data side by side: what changed side, doubt and accuracy, by class; the rows can be selected."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import actions
from core.types.errors import CurationError
from core.types.rounds import BY_CLASS, RunComparison
from dashboard.components import messages
from dashboard.components.display_text import shown_frame
from dashboard.session import cache, selection, url_widgets
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot


def comparison(opened: Opened) -> None:
    """The open run after, another one of the same data before."""
    others = actions.rounds.comparable_runs(opened.run)
    if not others:
        messages.empty_state(
            "One run only",
            "Decide on some rows, then score again with your decisions (Scores, Next round), and come back.",
            slot=slot("one_run"),
        )
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="earlier_line"):
        st.text("Before:")
        choice = url_widgets.sticky_choice("earlier", others, others[0])
        other = st.selectbox("Before", others, label_visibility="collapsed", width=300, **choice)
        st.text(f"After: {opened.run.run_id} (this page)")
    try:
        found = _found(opened, other)
    except CurationError as error:
        messages.error_box(error, slot=slot("earlier_error"))
        return
    _drawn(found)


def _found(opened: Opened, other: str) -> RunComparison:
    before, at = cache.run(other)
    stamp = f"{at}-{actions.curation.curation_revision(before)}"
    return cache.run_comparison(
        before.run_id, stamp, opened.run.run_id, f"{opened.at}-{opened.change}", before, opened.run
    )


def _drawn(found: RunComparison) -> None:
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.html("<h4>Both runs</h4>")
        lines = pd.DataFrame(found.lines, columns=["", "before", "after"])
        st.dataframe(shown_frame(lines), hide_index=True, width="stretch", alt="Figures of both runs")
        st.caption(
            f"{found.shared:,} examples are in both. Doubt is a count of labels that models doubt, not of errors; "
            "held-out labels are those of the data."
        )
        _row_buttons(found)
    with right:
        st.html("<h4>By class, before and after</h4>")
        st.dataframe(shown_frame(_classes(found)), hide_index=True, width="stretch", alt="Classes before and after")


def _row_buttons(found: RunComparison) -> None:
    sets = {
        "kept now, dropped before": found.gained,
        "dropped now, kept before": found.lost,
        "other label": found.relabeled,
        "labeled now, not before": found.newly_labeled,
    }
    with st.container(horizontal=True, gap="small", key="run_rows"):
        for number, (words, rows) in enumerate(sets.items()):
            st.button(
                f"{words}: {len(rows):,}",
                key=f"run_rows_{number}",
                disabled=not len(rows),
                on_click=selection.chooser(rows),
                help="Select these rows",
            )


def _classes(found: RunComparison) -> pd.DataFrame:
    half = len(BY_CLASS)
    columns = {"class": list(found.class_names)}
    for place, name in enumerate(BY_CLASS):
        before, after = found.by_class[:, place].tolist(), found.by_class[:, half + place].tolist()
        columns[name] = [f"{a:,} → {b:,}" for a, b in zip(before, after, strict=True)]
    return pd.DataFrame({**columns, "held-out rows": found.by_class[:, -1]})
