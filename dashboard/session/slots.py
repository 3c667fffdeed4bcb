"""The places on the page that components are given: a key each, and this session to remember things in."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, cast

import streamlit as st

from dashboard.components.browser import PENDING
from dashboard.components.slot import Slot


def slot(key: str) -> Slot:
    """The place of the component with this key."""
    return Slot(key, cast("MutableMapping[str, Any]", st.session_state))


def discard_pending_events() -> None:
    """Another page is drawn: what was pressed on the one before and never handled is nothing to it."""
    for name in [name for name in st.session_state if str(name).endswith(f":{PENDING}")]:
        del st.session_state[name]
