"""The random sample for the noise rate: each label judged blind, in random order; right, wrong or unsure."""

from __future__ import annotations

import streamlit as st

from core import actions
from core.types.curation import Action, Change
from core.types.errors import CurationError
from dashboard.components import messages
from dashboard.components.page_keys import with_key
from dashboard.panels import decision_form, review_bar
from dashboard.panels.review_bar import SAMPLE
from dashboard.session import cache, commands, navigation
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot
from dashboard.tables import row_table

_HELP = (
    "Suspected and other training rows, mixed at random. What scores, rules and models say of a row is hidden until it "
    "is answered, so that it sways nobody. Only answers given here count for the noise rate: rows that a rule or a map "
    "led to are no random sample."
)


def start(opened: Opened) -> None:
    """Go to Explore with the sample in its own order and the first row that was not answered in the drawer."""
    rows, waiting = cache.noise_sample(opened.run.run_id, opened.at, opened.view), _waiting(opened)
    review_bar.open_row(opened, int(rows[0]) if waiting is None else waiting)
    navigation.show_pane("order", SAMPLE)
    navigation.show_pane("tab", "All")
    navigation.request_page("explore")


def progress(opened: Opened) -> None:
    """How many were answered, and what comes next: the row that waits, or the rate."""
    try:
        rows = cache.noise_sample(opened.run.run_id, opened.at, opened.view)
    except CurationError as error:
        messages.error_box(error, slot=slot("no_sample"))
        return
    answers, waiting = actions.noise.sample_answers(opened.view, opened.curation.decisions), _waiting(opened)
    with st.container(key="review_progress", horizontal=True, gap="small", vertical_alignment="center"):
        st.text(f"Noise sample {len(answers):,} of {len(rows):,}", help=_HELP)
        st.progress(len(answers) / len(rows), width="stretch")
        if waiting is None:
            st.button(
                "See the noise rate",
                key="sample_done",
                on_click=navigation.request_page,
                args=("check",),
                type="primary",
            )
        else:
            review_bar.go(opened, "Go on" if answers else "Start", waiting)


def answer(opened: Opened, row: int) -> str:
    """What a person answered, empty while it waits."""
    return actions.noise.answer_words(opened.curation.decisions.get(str(opened.view.ids[row])))


def steps(opened: Opened, row: int) -> None:
    """Back, the three answers, on. An answer can be changed."""
    order = row_table.sample(opened)
    place, answered = review_bar.place_in(order, row) or 0, answer(opened, row)
    with st.container(key="review_steps", horizontal=True, gap="small", vertical_alignment="center"):
        review_bar.step("Previous", opened, order, place - 1)
        st.button(
            with_key("Right", "sample_right"),
            key="sample_right",
            on_click=decision_form.one,
            args=(opened, row, Action.KEEP),
            type="primary" if answered == "right" else "secondary",
            help="The label is right: the row is kept.",
        )
        with decision_form.popover(row, "relabel", "Wrong (r)" if answered != "wrong" else "Wrong, answered"):
            decision_form.choose_label(opened, row, "This is the label")
            st.button(
                "Wrong, and no class fits",
                key="sample_drop",
                on_click=decision_form.one,
                args=(opened, row, Action.DROP),
                help="The row is dropped.",
            )
        st.button(
            with_key("Unsure", "sample_unsure"),
            key="sample_unsure",
            on_click=_unsure,
            args=(opened, row),
            type="primary" if answered == "unsure" else "secondary",
            help="No verdict: the row is left out of the rate.",
        )
        review_bar.step("Next", opened, order, place + 1)
        st.text(f"{place + 1:,} of {len(order):,}{f' · {answered}' if answered else ''}")
    if not answered:
        st.caption("Judge the label alone: what models, scores and rules say is shown once you have answered.")


def _waiting(opened: Opened) -> int | None:
    answers = actions.noise.sample_answers(opened.view, opened.curation.decisions)
    return next((int(row) for row in row_table.sample(opened) if str(opened.view.ids[row]) not in answers), None)


def _unsure(opened: Opened, row: int) -> None:
    name = str(opened.view.ids[row])
    done = commands.decide(
        opened.run, [name], Change(Action.CLEAR, reviewed=True, sampled=True), f"Saved: {name} unsure"
    )
    if done is not None:
        review_bar.go_on(opened, row)
