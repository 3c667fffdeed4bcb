"""Page settings, the list of steps, and the border where errors become words. Nothing else."""

import streamlit as st

from core.types.errors import CurationError
from dashboard import frame, picking, state
from dashboard.components import messages
from dashboard.opened import open_current
from dashboard.views import check, compare, data, explore, export, methods, rules, scores, start

st.set_page_config(page_title="Chaffinch", page_icon=frame.ICON, layout="wide", initial_sidebar_state="expanded")

STEPS = {
    "start": st.Page(start.render, title="Start", url_path="start", default=True),
    "data": st.Page(data.render, title="Data", url_path="data"),
    "scores": st.Page(scores.render, title="Scores", url_path="scores"),
    "explore": st.Page(explore.render, title="Explore", url_path="explore"),
    "compare": st.Page(compare.render, title="Compare", url_path="compare"),
    "rules": st.Page(rules.render, title="Rules", url_path="rules"),
    "check": st.Page(check.render, title="Check", url_path="check"),
    "export": st.Page(export.render, title="Export", url_path="export"),
    "methods": st.Page(methods.render, title="Methods", url_path="methods"),
}

page = st.navigation(list(STEPS.values()), position="hidden")
frame.spare_the_collector()
frame.style()
state.sync()
wanted = state.take_follow()
if wanted in STEPS:
    st.switch_page(STEPS[wanted], query_params=state.address())
problem, opened = None, None
try:
    opened = open_current()
except CurationError as error:
    problem = error
if opened is not None:
    picking.settle(opened)
again = state.is_here(page.url_path)  # the steps stand at the left already: what was changed is answered first
if not again:
    frame.steps(STEPS, page, opened, problem)
frame.bar(opened, problem)
try:
    page.run()
except CurationError as error:
    messages.error_box(error, key="page_error")
if again:
    frame.steps(STEPS, page, opened, problem)
