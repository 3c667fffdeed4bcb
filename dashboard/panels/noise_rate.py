"""How many labels are wrong: the model's doubt beside its accuracy, and the estimate from a reviewed random sample."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import actions
from core.types.checks import NoiseRate
from core.types.errors import CurationError
from dashboard.panels import judge, sample_review
from dashboard.session import commands
from dashboard.session.current_run import Opened


def noise_rate(opened: Opened) -> None:
    """Text, the strata, and the button that begins the review of the sample in Explore."""
    st.html("<h2>Wrong labels</h2>")
    try:
        rate = actions.noise.noise_rate(opened.view, opened.curation.decisions)
    except CurationError as error:
        st.text(error.lines())
        return
    st.text(rate.text)
    st.text(rate.cut_text)
    judge.judge(opened, "noise")
    _table(rate)
    if rate.cut is not None:
        st.button(f"Drop the {rate.cut:,} most suspected", key="use_cut", on_click=_use, args=(opened, rate.cut))
    st.button(
        "Review a random sample",
        key="review_sample",
        help="Suspected and other rows in random order, one by one in Explore: right, wrong or unsure.",
        on_click=_review,
        args=(opened,),
    )


def _use(opened: Opened, cut: int) -> None:
    rules = actions.noise.cut_rules(opened.view, cut)
    commands.save_rules(opened.run, rules, f"Saved: drop the {cut:,} most suspected rows")


def _table(rate: NoiseRate) -> None:
    rows = [(s.name, s.rows, s.reviewed, s.wrong, f"{s.low:.0%} to {s.high:.0%}") for s in rate.strata]
    frame = pd.DataFrame(rows, columns=["rows", "in all", "answered", "wrong", "share wrong, 95 %"])
    st.dataframe(frame, hide_index=True, width="stretch", alt="Reviewed rows of the random sample")


def _review(opened: Opened) -> None:
    commands.attempt(lambda: sample_review.start(opened))
