"""One score: what its ends mean, how well its assumptions hold here, where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core import actions
from core.types.figures import digits
from dashboard.components import messages


def score_detail(run: actions.runs.Run, name: str) -> None:
    """Words from the registry, lights and numbers from the run."""
    method = actions.scores.method_in(run, name)
    st.html("<h3>About this score</h3>")
    st.text(_title(run, method))
    st.text(method.summary)
    st.text(f"High: {method.high_means}")
    st.text(f"Low: {method.low_means}")
    st.text(f"Range: {method.range}. Look first at: {method.inspect_first}.")
    if method.looks_at_all_rows:
        st.text("Held-out rows take part with their inputs, never with their labels.")
    if method.judged_by_held_out:
        st.text("Measured on the labels of held-out rows where there are some.")
    if name in run.failures:
        st.text(f"Not computed: {run.failures[name]}")
    if name in run.score_names:
        _lights(run, name)
    st.text(f"Cost: {method.cost}")
    if method.paper is not None:
        st.text(f"{method.paper.authors} ({method.paper.year}). {method.paper.title}")


def _title(run: actions.runs.Run, method: actions.methods.ScoreMethod) -> str:
    """With what decides its meaning here (VoG: stage and form), where the run says so."""
    shown = run.score(method.name).meta.get("shown_as") if method.name in run.score_names else None
    return shown or method.title


def _lights(run: actions.runs.Run, name: str) -> None:
    score = run.score(name)
    st.html("<h4>Assumptions on this run</h4>")
    for number, check in enumerate(score.checks):
        with st.container(key=f"light_{number}", gap=None):
            st.markdown(messages.light(check.light, ""))
            st.text(check.text)
    if not score.checks:
        st.text("This score assumes nothing that a run could break.")
    if score.skill is not None:
        st.text(f"Evidence predicts the given labels with skill {score.skill:.2f} (0 chance, 1 perfect).")
    for why, count in score.undefined.items():
        st.text(f"Not defined for {count:,} rows: {why}.")
    for line in setting_lines({**score.params, **score.meta}):
        st.text(line)


def setting_lines(settings: Mapping[str, Any]) -> list[str]:
    """One `name: value` for each that has a value here."""
    return [f"{name.replace('_', ' ')}: {_plain(value)}" for name, value in settings.items() if value is not None]


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value)) or "none"
    return digits(value) if isinstance(value, float) else str(value)
