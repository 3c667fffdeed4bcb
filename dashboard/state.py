"""The only module that touches st.session_state and the URL.

Disk holds what is worth keeping; the URL what is looked at (run, view, example, filters: widgets bound with
`bind="query-params"`); the session only ids and drafts.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from core.types.runs import RunSpec


def current_run() -> str | None:
    """The key (sample name or run id) of what is open; the URL wins, so that links and the back button work."""
    wanted = st.query_params.get("run")
    if wanted and wanted != st.session_state.get("run_key"):
        open_run(wanted)
    key = st.session_state.get("run_key")
    if key and wanted != key:
        st.query_params["run"] = key
    return key


def open_run(key: str) -> None:
    """Look at another run: what was selected and focused in the last one is let go."""
    for name in ("selection", "row", "seen", "exported", "conflict"):
        st.session_state.pop(name, None)
    st.session_state["run_key"] = key
    st.query_params["run"] = key


def close_run() -> None:
    """Back to nothing open."""
    st.session_state.pop("run_key", None)
    st.query_params.pop("run", None)


def selection() -> np.ndarray:
    """Selected rows, sorted int64."""
    return st.session_state.get("selection", np.array([], dtype=np.int64))


def select(rows: np.ndarray) -> None:
    """Replace the selection."""
    st.session_state["selection"] = np.asarray(rows, dtype=np.int64)


def focused() -> str | None:
    """The id of the example in the drawer: in the URL, so that it can be shared."""
    return st.query_params.get("example")


def focus(example_id: str | None) -> None:
    """Put one example into the drawer, or close it."""
    if example_id is None:
        st.query_params.pop("example", None)
    elif st.query_params.get("example") != example_id:
        st.query_params["example"] = example_id


def draft_spec() -> RunSpec | None:
    """What the next run would be asked, before it starts."""
    return st.session_state.get("draft_spec")


def keep_draft_spec(spec: RunSpec | None) -> None:
    """Remember (or forget) the draft of a run."""
    st.session_state["draft_spec"] = spec


def is_new(name: str, value: Any) -> bool:
    """True once per value: a component hands its last event over again on every rerun."""
    seen = st.session_state.setdefault("seen", {})
    if seen.get(name) == value:
        return False
    seen[name] = value
    return True


def token(name: str) -> str:
    """One token per intended change: a double click sends the same one, and the store applies it once."""
    return st.session_state.setdefault("tokens", {}).setdefault(name, uuid.uuid4().hex)


def spend(name: str) -> None:
    """The change arrived: the next click is a new one."""
    st.session_state.get("tokens", {}).pop(name, None)


def revision(run_id: str) -> int | None:
    """The revision of the curation that this tab last showed."""
    return st.session_state.get("revisions", {}).get(run_id)


def saw_revision(run_id: str, rev: int) -> None:
    """Remember what this tab showed, so that a change made elsewhere is noticed."""
    st.session_state.setdefault("revisions", {})[run_id] = rev


def tell(text: str, hint: str = "", level: str = "note") -> None:
    """A message for the next draw: a callback runs before there is a page to write on."""
    st.session_state["message"] = (text, hint, level)


def take_message() -> tuple[str, str, str] | None:
    """The waiting message, once."""
    return st.session_state.pop("message", None)


def get(name: str, default: Any = None) -> Any:
    """A widget's value by its key."""
    return st.session_state.get(name, default)


def put(name: str, value: Any) -> None:
    """Set a widget's value; only in callbacks, before the widget is drawn."""
    st.session_state[name] = value


def once(name: str, make: Callable[[], Any]) -> Any:
    """A small value made on first use and kept for this session."""
    if name not in st.session_state:
        st.session_state[name] = make()
    return st.session_state[name]


def follow(page_name: str) -> None:
    """Ask the frame to go to another step after this callback."""
    st.session_state["go"] = page_name


def take_follow() -> str | None:
    """The step asked for, once."""
    return st.session_state.pop("go", None)
