"""Check: does the rule train better than random rows, which scores find errors, and how many labels are wrong."""

from __future__ import annotations

import html

import pandas as pd
import streamlit as st

from core import actions
from core.types.checks import CheckResult
from dashboard.components import messages
from dashboard.components.check_charts import accuracy_chart
from dashboard.panels.check_progress import check_progress, is_busy
from dashboard.panels.noise_rate import noise_rate
from dashboard.panels.self_test import self_test
from dashboard.session import commands, error_boundary, state
from dashboard.session.current_run import Opened, require_run
from dashboard.session.slots import slot

_MODES = {"quick": "Quick: logistic regression on the embedding", "full": "Full: the run's own model"}
_SHORT = {"quick": "Quick", "full": "Full"}


@require_run("Nothing to check yet", "no_check")
def render(opened: Opened) -> None:
    """Left: the rule against matched random. Right: self-test and noise rate."""
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(key="check_left", gap="small"):
        error_boundary.alone(_ask, opened)
        error_boundary.alone(check_progress, opened.run, "check", "Check")
        error_boundary.alone(_answer, opened)
    with right, st.container(key="check_right", gap="small"):
        error_boundary.alone(self_test, opened)
        error_boundary.alone(noise_rate, opened)


def _ask(opened: Opened) -> None:
    st.html("<h2>Does this rule train better than chance?</h2>")
    st.text(
        "It trains on what the rule keeps, on random rows of the same number and classes, and on all rows, with equal "
        "optimizer steps, and compares accuracy on held-out rows."
    )
    why_not = actions.checks.check_modes(opened.run)
    modes = [mode for mode in _MODES if not why_not[mode]]
    for mode in _MODES:
        if why_not[mode]:
            st.text(f"{_SHORT[mode]} is not offered. {why_not[mode]}")
    if not modes:
        return
    with st.container(key="check_form", horizontal=True, gap="small", vertical_alignment="bottom"):
        st.selectbox("Trained for the check", modes, format_func=_MODES.__getitem__, key="check_mode")
        st.number_input("Seeds", 3, 20, 3, key="check_seeds", width=110)
        missing = actions.exports.weights_for(opened.view)
        titles = {one.name: one.title for one in actions.methods.weights() if not missing[one.name]}
        st.selectbox(
            "Compared with weights",
            ["", *titles],
            format_func=lambda name: titles.get(name, "none"),
            key="check_weight",
            help="The rows of the rule are trained on once more with these weights (see Export).",
        )
        st.button(
            "Check this rule",
            key="start_check",
            type="primary",
            on_click=_start,
            args=(opened,),
            disabled=is_busy(opened.run, "check"),
        )


def _start(opened: Opened) -> None:
    mode, seeds = state.get("check_mode"), int(state.get("check_seeds", 3))
    weight = state.get("check_weight") or ""
    key = commands.attempt(
        lambda: actions.checks.start_check(
            opened.run, opened.rules, opened.curation.decisions, mode, seeds=seeds, weight=weight
        )
    )
    if key in {result.key for result in actions.checks.check_results(opened.run)}:
        state.tell("Checked before, with the same settings: the result is below.")


def _answer(opened: Opened) -> None:
    results = actions.checks.check_results(opened.run)
    if not results:
        messages.empty_state(
            "No check yet",
            "A quick one takes seconds. Until then an export is marked “no check run”.",
            slot=slot("unchecked"),
        )
        return
    best = actions.checks.check_of(opened.run, opened.rules, opened.curation.decisions)
    shown = st.selectbox(
        "Result",
        results,
        index=0 if best is None else results.index(best),
        format_func=lambda result: _title(opened, result),
        key=f"check_result_{opened.change}_{results[0].key}",
    )
    if other := _other(opened, shown):
        st.text(f"▲ This check is of other {other} than the present ones: check again before an export.")
    _result(shown)
    _report(opened)


def _other(opened: Opened, result: CheckResult) -> str:
    """What of the present curation a check is not about: "rules" or "decisions"; empty when it is about both."""
    if not actions.checks.checks_rules(result, opened.rules):
        return "rules"
    return "" if actions.checks.checks_decisions(result, opened.curation.decisions) else "decisions"


def _title(opened: Opened, result: CheckResult) -> str:
    name = (result.rules.get("preset") or result.rules.get("goal", "")).replace("_", " ")
    said = {"": " (the present rules)", "decisions": " (the present rules, other decisions)", "rules": ""}
    weighed = f", weighted by {result.weight}" if result.weight else ""
    return f"{result.number}. {result.mode}, {name}{weighed}{said[_other(opened, result)]}"


def _result(result: CheckResult) -> None:
    st.html(f"<p class='verdict'><b>{html.escape(result.verdict)}</b></p>")
    if result.weighed:
        st.text(result.weighed)
    st.text(result.smallest.text)
    accuracy_chart(result, key="check_chart")
    head, rows = actions.checks.check_table(result)
    frame = pd.DataFrame(rows, columns=list(head))
    st.dataframe(frame, hide_index=True, width="stretch", alt="Accuracy of each arm at each size, with verdicts")
    steps = f"{result.steps:,} optimizer steps each" if result.steps else "fitted until converged"
    st.text(f"{result.learner}; {steps}; {result.seeds} seeds; measured on {result.held_out_is}.")
    for note in result.notes:
        st.text(f"· {note}")


def _report(opened: Opened) -> None:
    st.download_button(
        "Report as HTML",
        data=lambda: actions.exports.report_text(
            opened.run, opened.rules, opened.curation.decisions, opened.curation.branch
        ).encode(),
        file_name=f"{opened.run.name}-report.html",
        mime="text/html",
        on_click="ignore",
        key="get_report",
        icon=":material/download:",
        help="One file with the charts inside; it needs no network.",
    )
