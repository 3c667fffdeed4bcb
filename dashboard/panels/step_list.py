"""The steps at the left of every page, and below them what is open."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.types.errors import CurationError
from dashboard.components.display_text import shown
from dashboard.panels import branches
from dashboard.session import navigation, state, url
from dashboard.session.current_run import Opened

NUMBERS = {
    "start": "",
    "data": "1",
    "scores": "2",
    "explore": "3",
    "compare": "",
    "rules": "4",
    "check": "5",
    "export": "6",
    "methods": "",
}


def step_list(
    pages: Mapping[str, StreamlitPage], here: StreamlitPage, opened: Opened | None, problem: CurationError | None
) -> None:
    """Links to all steps; those that cannot be entered yet are disabled and say why."""
    with st.sidebar:
        st.html("<div class='brand'>Chaffinch</div>")
        for name, page in pages.items():
            reason = why_not(name, opened)
            with st.container(key=f"step_{name}{'_here' if page.url_path == here.url_path else ''}", gap=None):
                st.page_link(
                    page,
                    label=f"{NUMBERS[name]}  {page.title}".strip(),
                    disabled=bool(reason),
                    help=reason or None,
                    query_params=url.all_params(),
                )
                if reason:
                    st.text(reason)
        with st.container(key="summary", gap=None):
            _summary(opened, problem)


def why_not(name: str, opened: Opened | None) -> str:
    """Why a step cannot be entered yet, empty when it can."""
    if name in ("explore", "compare", "rules", "check", "export") and opened is None:
        return "Needs a run with a finished score."
    if name == "scores" and opened is None and not navigation.run_key() and not state.get("draft_spec"):
        return "Needs data: a sample, yours, or a run."
    return ""


def _summary(opened: Opened | None, problem: CurationError | None) -> None:
    if opened is None:
        waiting = "No score of this run is finished yet." if navigation.run_key() else "Nothing open yet."
        st.text(waiting if problem is None else "This run cannot be read.")
        return
    examples = opened.run.examples
    held_out = len(opened.view.held_out_rows)
    st.text(shown(examples.name))
    st.text(f"{len(examples):,} rows, {examples.class_count} classes")
    st.text(f"{held_out:,} held out (locked)" if held_out else "no held-out rows")
    st.text(f"{examples.modality.value} · {len(opened.run.score_names)} scores")
    count = len(opened.curation.decisions)
    st.text(f"Saved: {count:,} decision{'s' * (count != 1)}, revision {opened.curation.rev}")
    branches.menu(opened)
