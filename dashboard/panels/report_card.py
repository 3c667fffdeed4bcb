"""What reading the whole dataset found."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.types.examples import SourceReport
from dashboard.components import class_bars, messages
from dashboard.components.display_text import shown
from dashboard.session.slots import slot


def report_card(report: SourceReport) -> None:
    """Rows, classes, splits, and one line per finding."""
    st.html("<h3>Report card</h3>")
    facts = st.columns(4, gap="small")
    facts[0].metric("Rows", f"{report.rows:,}")
    facts[1].metric("Classes", f"{len(report.class_names):,}")
    facts[2].metric("Training rows", f"{report.train_rows:,}")
    facts[3].metric("Held out", f"{report.held_out_rows:,}")
    for number, finding in enumerate(report.report):
        with st.container(horizontal=True, gap="small", key=f"finding_{number}"):
            if finding.level == "warning":
                st.markdown(messages.light("amber", ""), width="content")
            st.text(shown(finding.text))
    counts = np.array(report.class_counts)
    if report.class_names:
        bars = class_bars.ClassBars(
            report.class_names,
            counts,
            counts,
            words=lambda name, rows, _: f"{name}: {rows:,} rows",
            label="Rows of each class",
        )
        class_bars.class_bars(bars, slot=slot("report_classes"), height=200)
