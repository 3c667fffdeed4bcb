"""Label next: rows without a label in the order in which they are worth one, and as files to be filled in."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core import actions
from dashboard.session.current_run import Opened
from dashboard.tables import row_table

ORDER = "next"
_HELP = (
    "Where the model is unsure, far from what is labeled, typical before odd, rare classes first. Give a row its label "
    "in the drawer (r), or take the file, fill it in and bring it back in Scores, under Next round; then score again."
)


def tools(opened: Opened) -> None:
    """How many rows wait, and both files."""
    chosen = row_table.label_next(opened)
    with st.container(key="label_next", horizontal=True, gap="small", vertical_alignment="center"):
        if chosen is None:
            st.text("Every training row has a label by now. Scores, Next round: score again with them.")
            return
        st.text(f"{len(chosen.order):,} rows to label next. {chosen.text}", help=_HELP, width="stretch")
        for title, name, make in (
            ("CSV", "label_next.csv", actions.review.label_tasks_csv),
            ("Label Studio", "label_next.json", actions.review.label_tasks_json),
        ):
            st.download_button(
                title,
                key=f"next_{name.rpartition('.')[2]}",
                data=partial(make, opened.run, opened.view, chosen),
                file_name=name,
                on_click="ignore",
                help=f"The rows in this order, as {name}",
            )
