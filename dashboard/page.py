"""What one run of the page draws: settings, the list of steps, the bar, the step itself.

Streamlit executes this file again for every change. Errors become words in `dashboard.session.error_boundary`.
"""

import streamlit as st

from dashboard.components import page_style
from dashboard.panels import step_list, top_bar, unknown_folder
from dashboard.session import error_boundary, selection, state, url
from dashboard.session.current_run import UnknownFolderError, open_current
from dashboard.session.module_gc import skip_module_gc
from dashboard.session.slots import discard_pending_events
from dashboard.views import check, compare, data, explore, export, methods, rules, scores, start

st.set_page_config(page_title="Chaffinch", page_icon=page_style.ICON, layout="wide", initial_sidebar_state="expanded")

STEPS = {
    "start": st.Page(start.render, title="Start", default=True),
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
skip_module_gc()
page_style.page_style()
state.sync()
wanted = STEPS.get(state.asked_step() or "", page)
if wanted.url_path != page.url_path:
    st.switch_page(wanted, query_params=url.address())
state.arrived()
problem, opened = None, None
try:
    opened = open_current()
    if opened is not None:
        selection.settle(opened)
except Exception as error:  # a run that does not open must not take the steps away, which lead out of it
    problem = error_boundary.words(error)
url.put()
again = state.is_here(page.url_path)  # the list of steps is on screen already: what answers the press comes first
if not again:
    discard_pending_events()
    step_list.step_list(STEPS, page, opened, problem)
top_bar.top_bar(opened, preparing=page == STEPS["data"] and state.is_preparing())
if isinstance(problem, UnknownFolderError) and page not in (STEPS["start"], STEPS["data"], STEPS["methods"]):
    error_boundary.alone(unknown_folder.unknown_folder, problem)
else:
    error_boundary.alone(page.run)
if again:
    step_list.step_list(STEPS, page, opened, problem)
url.put()
state.drew()
