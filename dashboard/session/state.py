"""What the session remembers besides the URL: drafts of widgets, tokens of changes, revisions shown, one message.

Disk holds what is worth keeping; the URL what is looked at (run, page, example, filters, choices of color and order).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.types.branches import MAIN
from dashboard.components.display_text import shown
from dashboard.session import navigation


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


def is_new(name: str, value: Any) -> bool:
    """True once per value: a component hands its last event over again on every rerun."""
    seen = st.session_state.setdefault("seen", {})
    if seen.get(name) == value:
        return False
    seen[name] = value
    return True


def show_saved(name: str, saved: str) -> None:
    """Let a field, before it is drawn, show what is saved: at first and whenever that changed; else what is typed."""
    if is_new(f"saved_{name}", saved) or name not in st.session_state:
        st.session_state[name] = saved


def token(name: str) -> str:
    """One token per intended change: a double click sends the same one, and the store applies it once.

    It begins with the name of this tab, whose own changes never stand in its way.
    """
    tab = once("tab", lambda: uuid.uuid4().hex)
    return st.session_state.setdefault("tokens", {}).setdefault(name, f"{tab}:{uuid.uuid4().hex}")


def retire_token(name: str) -> None:
    """The change arrived: the next click is a new one."""
    st.session_state.get("tokens", {}).pop(name, None)


def revision(run_id: str) -> int | None:
    """The revision of the curation that this tab last showed."""
    return st.session_state.get("revisions", {}).get(curation_key(run_id))


def saw_revision(run_id: str, rev: int) -> None:
    """Remember what this tab showed, so that a change made elsewhere is noticed."""
    st.session_state.setdefault("revisions", {})[curation_key(run_id)] = rev


def curation_key(run_id: str) -> str:
    """The run and the branch looked at."""
    return run_id if navigation.branch() == MAIN else f"{run_id}/{navigation.branch()}"


def tell(text: str, hint: str = "", level: str = "note") -> None:
    """A message for the next draw: a callback runs before there is a page to write on."""
    st.session_state["waiting_message"] = (shown(text), shown(hint), level)  # its box has the key "message"


def take_message() -> tuple[str, str, str] | None:
    """The waiting message, once."""
    return st.session_state.pop("waiting_message", None)
