"""New data that a person looks at before anything is committed: a path, or an upload."""

from __future__ import annotations

import streamlit as st

from dashboard.session import state


def look_at(source: str) -> None:
    """A person asked for this source to be read; what was uploaded or asked for before is let go."""
    forget()
    st.session_state.update(source=source, looked=source)


def looked_at() -> str:
    """The source that a person asked to read; empty for one that only stands in the address."""
    return st.session_state.get("looked", "")


def is_preparing() -> bool:
    """Whether new data is looked at."""
    return bool(looked_at()) or st.session_state.get(f"uploaded_{state.get('upload_number', 0)}") is not None


def forget() -> None:
    """No new data is looked at any more: the field is empty, and the upload's, too."""
    st.session_state.update(source="", looked="", upload_number=st.session_state.get("upload_number", 0) + 1)
