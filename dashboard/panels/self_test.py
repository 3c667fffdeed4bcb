"""The self-test: what share of planted label flips each score finds, and the weights that follow."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import check_actions
from core.export.check_figures import recall_head, recall_rows
from core.types.checks import SelfTestResult
from core.types.curation import Rules
from dashboard import doing
from dashboard.components.check_charts import recall_chart
from dashboard.opened import Opened
from dashboard.panels.job import is_busy, job


def self_test(opened: Opened) -> None:
    """Button, progress, bars, table, gains, and the button that applies the suggested weights."""
    st.html("<h2>Self-test: planted label flips</h2>")
    st.text("5 % of the training labels are flipped in a copy, the copy is scored, and the flips are looked for.")
    st.button(
        "Run self-test", key="start_selftest", on_click=_start, args=(opened,), disabled=is_busy(opened.run, "selftest")
    )
    job(opened.run, "selftest", "Self-test")
    result = check_actions.self_test_result(opened.run)
    if result is None:
        return
    recall_chart(result, key="recall_chart")
    for gain in result.gains:
        st.text(gain.text)
    _apply(opened, result)
    with st.expander("Table and notes", key="selftest_table"):
        frame = pd.DataFrame(recall_rows(result), columns=list(recall_head(result)))
        st.dataframe(frame, hide_index=True, width="stretch", alt="Share of the planted flips that each score finds")
        for line in (*(f"{name}: {why}" for name, why in result.not_tested.items()), *result.notes):
            st.text(f"· {line}")


def _apply(opened: Opened, result: SelfTestResult) -> None:
    wanted = check_actions.suggested_rules(opened.rules, result)
    same = (wanted.score_weights, wanted.group_weights) == (opened.rules.score_weights, opened.rules.group_weights)
    serves = opened.rules.goal == "find_noise"
    st.button(
        "Suggested weights are in use" if same else "Apply suggested weights",
        key="apply_suggested",
        disabled=same or not serves,
        help=None if serves else "They are for the goal “Find wrong labels”: choose it under Rules.",
        on_click=_save,
        args=(opened, wanted),
    )


def _save(opened: Opened, wanted: Rules) -> None:
    doing.save_rules(opened.run, wanted, "Suggested weights applied")


def _start(opened: Opened) -> None:
    doing.attempt(lambda: check_actions.start_self_test(opened.run))
