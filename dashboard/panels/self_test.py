"""The self-test: what share of planted label flips each score finds, and the weights that follow."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import actions
from core.types.checks import SelfTestResult
from core.types.curation import Rules
from dashboard.components.check_charts import recall_chart
from dashboard.panels.check_progress import check_progress, is_busy
from dashboard.session import commands
from dashboard.session.current_run import Opened


def self_test(opened: Opened) -> None:
    """Button, progress, bars, table, gains, and the button that applies the suggested weights."""
    st.html("<h2>Self-test: planted label flips</h2>")
    result = actions.checks.self_test_result(opened.run)
    _ask(opened, result)
    check_progress(opened.run, "selftest", "Self-test")
    if result is None:
        return
    st.text(f"{result.flips:,} of {result.rows:,} training labels flipped ({100 * result.flip:.3g} %).")
    recall_chart(result, key="recall_chart")
    for gain in result.gains:
        st.text(gain.text)
    _apply(opened, result)
    with st.expander("Table and notes", key="selftest_table"):
        head, rows = actions.checks.recall_table(result)
        frame = pd.DataFrame(rows, columns=list(head))
        st.dataframe(frame, hide_index=True, width="stretch", alt="Share of the planted flips that each score finds")
        for line in (*(f"{name}: {why}" for name, why in result.not_tested.items()), *result.notes):
            st.text(f"· {line}")


def _ask(opened: Opened, result: SelfTestResult | None) -> None:
    st.text("Some training labels are flipped in a copy, the copy is scored, and the flips are looked for.")
    usual = 5.0 if result is None else round(100 * result.flip, 3)  # the person's share of last time
    with st.container(key="selftest_form", horizontal=True, gap="small", vertical_alignment="bottom"):
        share = st.number_input("Labels to flip (%)", 0.5, 50.0, usual, 0.5, key="selftest_share", width=150)
        busy = is_busy(opened.run, "selftest")
        st.button("Run self-test", key="start_selftest", on_click=_start, args=(opened, share), disabled=busy)


def _apply(opened: Opened, result: SelfTestResult) -> None:
    suggested = actions.checks.suggested_rules(opened.rules, result)
    same = (suggested.score_weights, suggested.group_weights) == (
        opened.rules.score_weights,
        opened.rules.group_weights,
    )
    serves = opened.rules.goal == "find_noise"
    st.button(
        "Suggested weights are in use" if same else "Apply suggested weights",
        key="apply_suggested",
        disabled=same or not serves,
        help=None if serves else "They are for the goal “Find wrong labels”: choose it under Rules.",
        on_click=_save,
        args=(opened, suggested),
    )


def _save(opened: Opened, rules: Rules) -> None:
    commands.save_rules(opened.run, rules, "Suggested weights applied")


def _start(opened: Opened, share: float) -> None:
    commands.attempt(lambda: actions.checks.start_self_test(opened.run, round(share / 100, 6)))
