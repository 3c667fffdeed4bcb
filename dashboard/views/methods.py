"""Methods: every registered score, generated from the registry."""

import streamlit as st

from core import actions
from dashboard.session import cache


def render() -> None:
    """One row per score: what it finds, which end to look at, what it needs and costs, where it comes from."""
    st.html("<h2>Methods</h2>")
    table = cache.methods_table()
    words = st.text_input(
        "Search",
        key="q",
        bind="query-params",
        placeholder="Search in titles, summaries, papers",
        label_visibility="collapsed",
    )
    if words:
        table = table[
            table.astype(str).apply(lambda column: column.str.contains(words, case=False, regex=False)).any(axis=1)
        ]
    st.dataframe(
        table.rename(columns=lambda name: name.replace("_", " ").capitalize()),
        hide_index=True,
        width="stretch",
        height=700,
        row_height=34,
        alt="Registered scores",
    )
    st.caption(f"{len(table)} of {len(cache.methods_table())} scores. `python -m core methods` prints the same.")
    _draw_shared_ground()


def _draw_shared_ground() -> None:
    """What the numbers rest on: text of our own, never a person's."""
    introduction, sections = actions.scores.shared_ground()
    st.html("<h3>What the numbers rest on</h3>")
    st.markdown(introduction)
    for title, body in sections.items():
        with st.expander(title):
            st.markdown(body)
