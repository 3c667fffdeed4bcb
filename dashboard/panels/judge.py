"""Who judged the labels, and how often that judge is right: beside every list of suspects."""

from __future__ import annotations

import streamlit as st

from core import actions
from dashboard.components.display_text import shown
from dashboard.session.current_run import Opened


def judge(opened: Opened, key: str) -> None:
    """One line, and behind a click the table of those that were compared; nothing where nobody judged."""
    line, compared = actions.noise.judge_line(opened.run), actions.noise.judges(opened.run)
    if not line:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"judge_{key}"):
        st.text(shown(line), width="content")
        if compared:
            with st.popover(
                "compared",
                type="tertiary",
                help="By out-of-fold accuracy. The weaker the judge, the more of its suspects are right",
            ):
                for one in compared:
                    st.text(shown(one))
