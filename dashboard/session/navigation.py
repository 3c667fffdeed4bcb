"""Where a person is: the open run and branch, the pane and example in front, the page that was asked for."""

from __future__ import annotations

import os

import streamlit as st

from core.types.branches import MAIN
from dashboard.session import url


def sync() -> None:
    """Once per run of the page: take over the URL."""
    if url.sync():
        forget_rows()


def open_asked_run() -> None:
    """In the first run of the page for a browser that asks for no run: the one that `open RUN` named, if any."""
    asked = os.environ.get("CHAFFINCH_RUN", "")
    if asked and "began" not in st.session_state and not url.all_params():
        open_run(asked)
        request_page("explore")
    st.session_state["began"] = True


def run_key() -> str | None:
    """The key (sample name, run id or folder) of the open run, None while none is."""
    return url.first("run") or None


def open_run(key: str) -> None:
    """Open another run, without what was selected and filtered in the last one."""
    forget_rows()
    for name in ("example", "f", "range", "branch", "against", "earlier", "sel"):
        url.set_param(name, [])
    url.set_param("run", [key])


def close_run() -> None:
    """Close the run; the URL becomes empty."""
    forget_rows()
    for name in url.NAMES:
        url.set_param(name, [])


def forget_rows() -> None:
    """Drop what only made sense in the last run."""
    for name in ("selection", "selection_name", "selection_url", "selection_moved", "exported"):
        st.session_state.pop(name, None)
    seen = st.session_state.get("seen", {})  # requests that were answered in one run are not answered again in the next
    st.session_state["seen"] = {name: seen[name] for name in ("keys_shown", "opened_part") if name in seen}


def branch() -> str:
    """The branch of the curation on this page."""
    return url.first("branch", MAIN)


def switch_branch(name: str) -> None:
    """Show another branch from the next run of the page on."""
    url.set_param("branch", [] if name == MAIN else [name])


def focused() -> str | None:
    """The id of the example in the drawer, None while it is empty."""
    return url.first("example") or None


def focus(example_id: str | None) -> None:
    """Put one example into the drawer, or empty it."""
    url.set_param("example", [] if example_id is None else [example_id])


def open_example(example_id: str) -> None:
    """Put one example into the drawer and show the drawer."""
    focus(example_id)
    show_pane("side", "example")


def request_part(part: str, example_id: str) -> None:
    """Show an example in the drawer with its "relabel" or "note" open and focused."""
    open_example(example_id)
    st.session_state["asked_part"] = (part, st.session_state.get("asked_part", ("", 0))[1] + 1)


def requested_part() -> tuple[str, int]:
    """The part of the drawer last requested, and the number of that request: it is answered once."""
    return st.session_state.get("asked_part", ("", 0))


def pane(name: str, default: str) -> str:
    """Which of several panes ("tab", "side") is shown, by its name."""
    return url.first(name, default)


def show_pane(name: str, value: str) -> None:
    """Show a pane when its switch is drawn next."""
    url.set_param(name, [value])


def request_page(page_name: str) -> None:
    """Go to another page after this callback; the request stands until that page is drawn, whatever interrupts."""
    st.session_state["go"] = page_name


def pending_page() -> str | None:
    """The page that was requested and not drawn yet. Called at the start of a run: from now on nothing is drawn."""
    st.session_state["drawn"] = False
    return st.session_state.get("go")


def pop_pending_page() -> None:
    """Called when the requested page is the one that this run draws."""
    st.session_state.pop("go", None)


def is_same_page(name: str) -> bool:
    """Whether the last run of this session drew the same page; remembers this one."""
    before = st.session_state.get("page_drawn")
    st.session_state["page_drawn"] = name
    return before == name


def mark_drawn() -> None:
    """Called at the end of a run of the page."""
    st.session_state["drawn"] = True


def is_drawn() -> bool:
    """Whether the page is complete, and no page or message waits to be drawn."""
    return st.session_state.get("drawn", True) and not {"go", "waiting_message"} & set(st.session_state)
