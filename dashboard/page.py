"""What one run of the page draws: settings, the list of steps, the bar, the step itself.

Streamlit executes this file again for every change. Errors become words in `dashboard.session.error_boundary`.
"""

import streamlit as st

from dashboard.components import page_style
from dashboard.panels import step_list, top_bar, unknown_folder
from dashboard.session import error_boundary, navigation, new_source, selection, url
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
navigation.sync()
navigation.open_asked_run()
requested = STEPS.get(navigation.pending_page() or "", page)
if requested.url_path != page.url_path:
    st.switch_page(requested, query_params=url.all_params())
navigation.pop_pending_page()
problem, opened = None, None
try:
    opened = open_current()
    if opened is not None:
        selection.sync(opened)
except Exception as error:  # a run that does not open must not take the steps away, which lead out of it
    problem = error_boundary.words(error)
url.write()
redrawn = navigation.is_same_page(page.url_path)  # its list of steps is on screen: draw the answer to the press first
if not redrawn:
    discard_pending_events()
    step_list.step_list(STEPS, page, opened, problem)
top_bar.top_bar(opened, preparing=page == STEPS["data"] and new_source.is_preparing())
if isinstance(problem, UnknownFolderError) and page not in (STEPS["start"], STEPS["data"], STEPS["methods"]):
    error_boundary.alone(unknown_folder.unknown_folder, problem)
else:
    error_boundary.alone(page.run)
if redrawn:
    step_list.step_list(STEPS, page, opened, problem)
url.write()
navigation.mark_drawn()
