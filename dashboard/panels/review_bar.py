"""The two queues of a review, most worth a look and the random sample: how far a person has come, and the steps."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import actions
from core.types.curation import Action, Change
from core.types.review import QUEUE
from dashboard.components.page_keys import with_key
from dashboard.session import commands, navigation
from dashboard.session.current_run import Opened
from dashboard.tables import row_table

ORDER, SAMPLE = "review", "sample"
_HELP = (
    "Near the cut, where groups of scores disagree and other seeds might decide otherwise. The queue follows from "
    "scores and rules alone and stays as it is while you work; marks are saved, so that you can stop and go on. "
    "After the rules changed it is another queue."
)


def queue(opened: Opened) -> np.ndarray | None:
    """Rows in the order of the review that is going on; None while rows are in another order."""
    order = navigation.pane("order", "")
    if order == SAMPLE:
        return row_table.sample(opened)
    return row_table.review(opened).order if order == ORDER else None


def progress(opened: Opened) -> None:
    """Reviewed so many of the sitting, and a button that goes on where the person stopped."""
    reviewed, size, waiting = actions.review.reviewed_of(
        opened.view, row_table.review(opened), opened.curation.decisions
    )
    with st.container(key="review_progress", horizontal=True, gap="small", vertical_alignment="center"):
        if not size:
            st.text("Nothing to review: no cut of the rules looks at a row. Add one in Rules.")
            return
        st.text(f"Reviewed {reviewed:,} of {size:,}{_before(opened, reviewed)}", help=_HELP)
        st.progress(reviewed / size, width="stretch")
        title = "All reviewed" if waiting is None else "Go on" if reviewed else "Start reviewing"
        go(opened, title, waiting)


def _before(opened: Opened, done: int) -> str:
    """What was reviewed and is not in this queue: it is not lost when the rules change."""
    other = sum(d.reviewed and not d.sampled for d in opened.curation.decisions.values()) - done
    return f" in this queue, {other + done:,} so far" if other > 0 else ""


def go(opened: Opened, title: str, waiting: int | None) -> None:
    """The button that opens the row which waits."""
    st.button(
        title, key="review_go", disabled=waiting is None, on_click=open_row, args=(opened, waiting), type="primary"
    )


def steps(opened: Opened, row: int) -> None:
    """In the drawer, while rows are in review order: back, the label is right, skip, on; also by the arrow keys."""
    if navigation.pane("order", "") != ORDER:
        return
    order = row_table.review(opened).order
    place = place_in(order, row)
    with st.container(key="review_steps", horizontal=True, gap="small", vertical_alignment="center"):
        if place is None:
            st.text("This row is not in the review queue: no cut looks at it.")
            return
        step("Previous", opened, order, place - 1)
        seen = actions.review.is_reviewed(opened.view, opened.curation.decisions, row)
        is_kept = seen and opened.curation.decisions[str(opened.view.ids[row])].action is Action.KEEP
        st.button(
            with_key("Label is right", "review_done"),
            key="review_done",
            on_click=_right,
            args=(opened, row),
            type="primary" if is_kept else "secondary",
            help="Keep it, mark it as reviewed, and go to the next one.",
        )
        st.button(
            with_key("Skip", "review_skip"),
            key="review_skip",
            on_click=_skip,
            args=(opened, row),
            help="Mark it as looked at, decide nothing, and go to the next one.",
        )
        step("Next", opened, order, place + 1)
        st.text(f"{place + 1:,} of {min(len(order), max(QUEUE, place + 1)):,}{' · reviewed' if seen else ''}")


def place_in(order: np.ndarray, row: int) -> int | None:
    """Where a row stands in a queue."""
    at = np.flatnonzero(order == row)
    return int(at[0]) if len(at) else None


def step(title: str, opened: Opened, order: np.ndarray, place: int) -> None:
    """A button, and an arrow key, that open the row at that place of a queue."""
    row = int(order[place]) if 0 <= place < len(order) else None
    key = f"review_{title.lower()}"
    st.button(
        with_key(title, key),
        key=key,
        disabled=row is None,
        on_click=open_row,
        args=(opened, row),
    )


def asks(opened: Opened, row: int) -> bool:
    """Whether the random sample is being reviewed and this row is one of it: what is said now is its answer."""
    return navigation.pane("order", "") == SAMPLE and place_in(row_table.sample(opened), row) is not None


def blind(opened: Opened, row: int) -> bool:
    """Whether nothing that models, scores or rules say of a row may be shown: the sample asks and waits for it."""
    decision = opened.curation.decisions.get(str(opened.view.ids[row]))
    return asks(opened, row) and not actions.noise.answer_words(decision)


def open_row(opened: Opened, row: int | None) -> None:
    """Put a row into the drawer."""
    if row is not None:
        navigation.open_example(str(opened.view.ids[row]))


def go_on(opened: Opened, row: int) -> None:
    """While a review is going on: the row after this one in its queue."""
    order = queue(opened)
    place = None if order is None else place_in(order, row)
    if order is not None and place is not None and place + 1 < len(order):
        open_row(opened, int(order[place + 1]))


def _right(opened: Opened, row: int) -> None:
    if commands.decide_rows(opened, [row], Change(Action.KEEP, reviewed=True)) is not None:
        go_on(opened, row)


def _skip(opened: Opened, row: int) -> None:
    name = str(opened.view.ids[row])
    if commands.decide(opened.run, [name], Change(reviewed=True), f"Saved: {name} looked at") is not None:
        go_on(opened, row)
