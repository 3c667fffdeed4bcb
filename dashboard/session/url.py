"""What the URL holds: the run and how it is looked at. Links, the back button and reload give the same view."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

STICKY = (
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
    "sel",
    "mode",
    "bars",
    "hollow",
    "curve",
)


def sync() -> bool:
    """Once per script run; True when the address now names another run.

    A page switch empties the URL of what no widget holds: `put` writes that back. Otherwise the URL wins (a link, the
    back button), unless the browser has not yet shown what this session wrote last: then a click overtook it.
    """
    kept, there = _kept(), _there()
    before = kept.get("run")
    if there == address() or not (there and (_went_back() or st.session_state.get("address_shown", True))):
        return False
    kept.clear()
    kept.update(there)
    return before is not None and before != kept.get("run")


def put() -> None:
    """Write what changed, all in one: the browser makes a step of its history of every writing."""
    kept, there = _kept(), _there()
    changed = {name: kept.get(name, []) for name in STICKY if there.get(name, []) != kept.get(name, [])}
    if list(changed.values()) == [[]]:
        st.query_params.pop(*changed)
    elif changed:
        st.query_params.update(changed)


def confirm() -> None:
    """In a run that the browser asks for by its clock: it shows what was written last, or is told once more.

    A run of the whole page reads back what it has just written itself: that says nothing of the browser.
    """
    context = get_script_run_ctx()
    if not (context and context.fragment_ids_this_run):
        return
    if _there() == address():
        st.session_state["address_shown"] = True
    elif not st.session_state.get("address_shown", True):  # an interrupted run took what it had written along
        put()


def overtaken(name: str) -> bool:
    """In a callback of the widget that chooses it: whether that is no press, but what the browser showed before.

    Every message of a browser tells what all its widgets show. One that left before the last answer came, with another
    press or by the clock of a part of the page, would take back what that answer chose.
    """
    context = get_script_run_ctx()
    if context is None or st.query_params.get_all(name) == stuck(name):
        return False
    session = context.session_state._state  # how many widgets changed is said nowhere else
    return bool(context.fragment_ids_this_run) or sum(map(session._widget_changed, session._new_widget_state)) > 1


def address() -> dict[str, list[str]]:
    """What the next step's URL must keep."""
    return {name: values for name, values in _kept().items() if values}


def stick(name: str, values: list[str]) -> None:
    """Values of a name, or none; the URL says so when the page is drawn."""
    if stuck(name) != values:
        st.session_state["address_shown"] = False
    _kept()[name] = values


def stuck(name: str) -> list[str]:
    """The values of a name, empty when the URL does not hold it."""
    return _kept().get(name, [])


def _kept() -> dict[str, list[str]]:
    return st.session_state.setdefault("sticky", {})


def _there() -> dict[str, list[str]]:
    return {name: values for name in STICKY if (values := st.query_params.get_all(name))}


def _went_back() -> bool:
    """Whether Back or Forward of the browser began this run: its address is what the person asks for."""
    context = get_script_run_ctx()
    return bool(context and context.is_history_navigation)
