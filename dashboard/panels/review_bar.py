"""The review queue: how far a person has come, and steps from one row to the next."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.curation.review import QUEUE, is_reviewed, reviewed_of
from dashboard import doing, reading, state
from dashboard.opened import Opened

ORDER = "review"
_HELP = (
    "Near the cut, where groups of scores disagree and other seeds might decide otherwise. The queue follows from "
    "scores and rules alone and stays as it is while you work; marks are saved, so that you can stop and go on."
)


def progress(opened: Opened) -> None:
    """Reviewed so many of the sitting, and a button that goes on where the person stopped."""
    done, size, waiting = reviewed_of(opened.view, reading.review(opened), opened.curation.decisions)
    with st.container(key="review_progress", horizontal=True, gap="small", vertical_alignment="center"):
        if not size:
            st.text("Nothing to review: no cut of the rules looks at a row. Add one in Rules.")
            return
        st.text(f"Reviewed {done:,} of {size:,}", help=_HELP)
        st.progress(done / size, width="stretch")
        title = "All reviewed" if waiting is None else "Go on" if done else "Start reviewing"
        st.button(
            title, key="review_go", disabled=waiting is None, on_click=_open, args=(opened, waiting), type="primary"
        )


def steps(opened: Opened, row: int) -> None:
    """In the drawer, while rows are in review order: previous, looks right, next; also by the arrow keys."""
    if state.turned_to("order", "") != ORDER:
        return
    order = reading.review(opened).order
    at = np.flatnonzero(order == row)
    place = int(at[0]) if len(at) else -1
    with st.container(key="review_steps", horizontal=True, gap="small", vertical_alignment="center"):
        if place < 0:
            st.text("This row is not in the review queue: no cut looks at it.")
            return
        before, after = (int(order[k]) if 0 <= k < len(order) else None for k in (place - 1, place + 1))
        _step("Previous", "Left", opened, before)
        seen = is_reviewed(opened.view, opened.curation.decisions, row)
        st.button(
            "Reviewed" if seen else "Looks right",
            key="review_done",
            disabled=seen,
            on_click=_done,
            args=(opened, row, after),
            shortcut="v",
            help="Mark it as looked at, decide nothing, and go to the next one.",
        )
        _step("Next", "Right", opened, after)
        st.text(f"{place + 1:,} of {min(len(order), max(QUEUE, place + 1)):,}")


def go_on(opened: Opened, row: int) -> None:
    """While rows are in review order: the one after `row` in the queue."""
    if state.turned_to("order", "") != ORDER:
        return
    order = reading.review(opened).order
    at = np.flatnonzero(order == row)
    if len(at) and at[0] + 1 < len(order):
        _open(opened, int(order[at[0] + 1]))


def _step(title: str, arrow: str, opened: Opened, row: int | None) -> None:
    st.button(
        title,
        key=f"review_{title.lower()}",
        disabled=row is None,
        on_click=_open,
        args=(opened, row),
        shortcut=arrow,
    )


def _open(opened: Opened, row: int | None) -> None:
    if row is not None:
        state.open_example(str(opened.view.ids[row]))


def _done(opened: Opened, row: int, after: int | None) -> None:
    name = str(opened.view.ids[row])
    if doing.decide(opened.run, [name], None, f"Saved: {name} reviewed", reviewed=True) is not None:
        _open(opened, after)
