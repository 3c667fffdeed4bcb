"""The data of the open run: where it came from, which column plays which part, and its report card."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from core.types.examples import SourceReport
from dashboard.components.display_text import shown
from dashboard.panels import report_card
from dashboard.session.current_run import open_current


def run_data() -> None:
    """Nothing when no run is open."""
    opened = open_current()
    if opened is None:
        return
    spec, examples = opened.run.spec, opened.run.examples
    st.html("<h3>Data of the open run</h3>")
    st.text(shown(f"{examples.name} · {examples.modality.value} · {len(examples):,} rows · from {spec.source}"))
    parts = [f"{part}: {name}" for part, name in asdict(spec.roles).items() if name and isinstance(name, str)]
    st.text(shown(" · ".join(parts)) if parts else "Which column is which was guessed from the file.")
    report_card.report_card(SourceReport.of(examples))
    st.caption("To score other data, choose it at the left; this run stays as it is.")
