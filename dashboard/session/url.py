"""The query parameters of the URL: the run and how it is looked at, so that a link or a reload shows the same.

The session keeps what the URL should say; `sync` reads it at the start of a run of the page, `write` writes it at the
end. Between the two the browser may show an older URL: `confirm` notices when it has caught up.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

NAMES = (
    "run",
    "example",
    "f",
    "range",
    "tab",
    "side",
    "layout",
    "color",
    "order",
    "form",
    "score",
    "by_class",
    "pane",
    "across",
    "up",
    "zones_by",
    "clustering",
    "branch",
    "against",
    "earlier",
    "step",
    "sel",
    "mode",
    "bars",
    "hollow",
    "curve",
)


def sync() -> bool:
    """Once per run of the page; True when the URL now names another run.

    Switching the page empties the URL of everything that no widget is bound to: `write` restores it. Otherwise the URL
    wins (a link, the back button), unless the browser does not show yet what this session wrote last: then a click was
    faster than the new URL.
    """
    params, shown = _params(), _in_browser()
    before = params.get("run")
    if shown == all_params() or not (shown and (_went_back() or st.session_state.get("url_confirmed", True))):
        return False
    params.clear()
    params.update(shown)
    return before is not None and before != params.get("run")


def write() -> None:
    """Write all changes at once: the browser adds a step to its history for every write."""
    params, shown = _params(), _in_browser()
    changed = {name: params.get(name, []) for name in NAMES if shown.get(name, []) != params.get(name, [])}
    if list(changed.values()) == [[]]:
        st.query_params.pop(*changed)
    elif changed:
        st.query_params.update(changed)


def confirm() -> None:
    """In a run that a timer of the browser started: note that it shows the last URL, or write that again.

    A run of the whole page reads back its own writes, which says nothing of the browser.
    """
    context = get_script_run_ctx()
    if not (context and context.fragment_ids_this_run):
        return
    if _in_browser() == all_params():
        st.session_state["url_confirmed"] = True
    elif not st.session_state.get("url_confirmed", True):  # the write was lost with an interrupted run
        write()


def is_stale_report(name: str) -> bool:
    """In the callback of the widget bound to `name`: whether nobody pressed it and the browser reports an old value.

    Every message of a browser carries the values of all its widgets. One that left before the last answer arrived (sent
    by another press or by a timer) would take back what that answer chose.
    """
    context = get_script_run_ctx()
    if context is None or st.query_params.get_all(name) == get_param(name):
        return False
    session = context.session_state._state  # no public interface tells how many widgets changed
    return bool(context.fragment_ids_this_run) or sum(map(session._widget_changed, session._new_widget_state)) > 1


def all_params() -> dict[str, list[str]]:
    """Every parameter that has a value: what a link to another page must carry."""
    return {name: values for name, values in _params().items() if values}


def get_param(name: str) -> list[str]:
    """The values of a parameter, empty when it is not set."""
    return _params().get(name, [])


def first(name: str, default: str = "") -> str:
    """The first value of a parameter."""
    return next(iter(get_param(name)), default)


def set_param(name: str, values: list[str]) -> None:
    """Set a parameter; no values remove it. The browser shows it once the page is drawn."""
    if get_param(name) != values:
        st.session_state["url_confirmed"] = False
    _params()[name] = values


def is_given(*names: str) -> bool:
    """Whether the URL of the browser gives a value to one of these fields."""
    return any(st.query_params.get(name) for name in names)


def _params() -> dict[str, list[str]]:
    return st.session_state.setdefault("url_params", {})


def _in_browser() -> dict[str, list[str]]:
    return {name: values for name in NAMES if (values := st.query_params.get_all(name))}


def _went_back() -> bool:
    """Whether Back or Forward of the browser started this run: then its URL is what the person wants."""
    context = get_script_run_ctx()
    return bool(context and context.is_history_navigation)
