"""What reading the whole dataset found."""

from __future__ import annotations

import streamlit as st

from core.types.examples import ExampleTable
from dashboard import reading
from dashboard.components import class_bars, messages


def report_card(examples: ExampleTable) -> None:
    """Rows, classes, splits, and one line per finding."""
    st.html("<h3>Report card</h3>")
    facts = st.columns(4, gap="small")
    facts[0].metric("Rows", f"{len(examples):,}")
    facts[1].metric("Classes", f"{examples.class_count:,}")
    facts[2].metric("Training rows", f"{len(examples.train_rows):,}")
    facts[3].metric("Held out", f"{int((examples.splits != 'train').sum()):,}")
    for number, finding in enumerate(examples.report):
        with st.container(horizontal=True, gap="small", key=f"finding_{number}"):
            if finding.level == "warning":
                st.markdown(messages.light("amber", ""), width="content")
            st.text(finding.text)
    counts = reading.class_counts(examples.labels, examples.class_count)
    if examples.class_count:
        class_bars.class_bars(
            examples.class_names,
            counts,
            counts,
            key="report_classes",
            words=lambda name, rows, _: f"{name}: {rows:,} rows",
            label="Rows of each class",
            height=200,
        )
