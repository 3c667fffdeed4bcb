"""One step drawn by AppTest as the application draws it, and what is written on it."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from core import actions

_SCRIPT = """
import streamlit as st
from core.types.errors import CurationError
from dashboard.panels import branches, keyboard
from dashboard.session import error_boundary, navigation, selection, state, url
from dashboard.session.current_run import open_current
from dashboard.views import {view}

st.set_page_config(layout="wide")
navigation.sync()
try:
    opened = open_current()
    if opened is not None:
        selection.sync(opened)
        branches.menu(opened)
        keyboard.keyboard(opened, {{}})
    {view}.render()
except CurationError as error:
    error_boundary.show(error)
url.write()
waiting = state.take_message()
if waiting:
    st.text("message: " + waiting[0])
"""

VIEWS = ("start", "data", "scores", "explore", "compare", "rules", "check", "export", "methods")


def screen(view: str, run=None, **query) -> AppTest:
    """The view, drawn once. `run`: folder or id; `query`: the rest of the address."""
    at = AppTest.from_string(_SCRIPT.format(view=view), default_timeout=600)
    if run is not None:
        actions.runs.admit_run(Path(run))
        at.query_params["run"] = str(run)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def words(at: AppTest) -> str:
    """Everything written on the screen, one string."""
    kinds = (
        "title",
        "header",
        "subheader",
        "markdown",
        "text",
        "caption",
        "error",
        "warning",
        "info",
        "html",
        "button",
        "code",
    )
    found = [str(element.proto) for element in at.get("bidi_component")]  # components draw words as text nodes
    for kind in kinds:
        for element in at.get(kind):
            found.append(str(getattr(element, "label", "") or ""))
            found.append(str(getattr(element, "value", "") or getattr(element, "body", "") or ""))
    return "\n".join(found)
