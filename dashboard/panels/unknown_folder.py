"""A run folder from elsewhere, named by an address that anyone can send: opened by a click, not by the address."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import actions
from dashboard.components import messages
from dashboard.session import commands
from dashboard.session.current_run import UnknownFolderError
from dashboard.session.slots import slot


def unknown_folder(problem: UnknownFolderError) -> None:
    """What the address asks for, and the button that allows it; the answer is kept in this workspace."""
    if messages.error_box(problem, slot=slot("unknown_folder"), action="Open this folder"):
        commands.attempt(lambda: actions.runs.admit_run(Path(problem.key)))
        st.rerun()
    st.html("<a href='./' target='_self'>Go to Start</a>")
