"""Check: its place in the journey, and what it will need."""

import streamlit as st

from dashboard.components import messages


def render() -> None:
    """Says why this step cannot be entered yet and where to go instead."""
    messages.empty_state(
        "Check is not here yet",
        "It will train on what the rules keep and compare with rows drawn at random, matched in size and "
        "class. Until then, an export is marked “no check run”.",
        key="check_later",
    )
    st.button("Export", key="check_export", disabled=True, help="Use the Export step: it does not wait for a check.")
