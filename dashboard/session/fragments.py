"""Parts of a page that run alone, without losing what was pressed elsewhere on the page meanwhile.

The browser sends what changed in one batch. If anything of the batch belongs to such a part, only that part is drawn: a
button of the page that was pressed in the same moment has its callback run, but nobody draws what follows from it, and
an event of a component is lost. So a part first looks whether the batch holds more than its own changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import streamlit as st
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from dashboard.session import error_boundary, navigation


def fragment(draw: Callable[..., None], run_every: float | None = None) -> Callable[..., None]:
    """`st.fragment` that runs the whole page when something outside of it was changed."""

    @wraps(draw)
    def part(*args: Any, **kwargs: Any) -> None:
        _hand_over()
        error_boundary.alone(draw, *args, **kwargs)

    return st.fragment(part, run_every=run_every)


def _hand_over() -> None:
    """When something outside of this part was pressed too, run the whole page with the same changes instead."""
    context: Any = get_script_run_ctx()
    if not (context and context.fragment_ids_this_run):  # the whole page is drawn
        return
    if not navigation.is_drawn():
        st.rerun()
    session = context.session_state._state  # no public interface tells what changed, and in which part
    sent = session._new_widget_state
    parts = context.fragment_ids_this_run
    widgets = [(name, sent.widget_metadata.get(name)) for name in sent]
    if not any(about and about.fragment_id not in parts and session._widget_changed(name) for name, about in widgets):
        return
    state = WidgetStates()
    state.widgets.extend(_as_sent(value) for name, about in widgets if about and (value := sent.get_serialized(name)))
    again = RerunData(
        query_string=context.query_string,
        page_script_hash=context.page_script_hash,
        replay_trigger_states=session._filter_active_trigger_widget_states(state),
        cached_message_hashes=context.cached_message_hashes,
        context_info=context.context_info,
    )
    context.script_requests.request_rerun(again)
    st.rerun()


def _as_sent(value: WidgetState) -> WidgetState:
    """The value as the browser wrote it: Streamlit encodes the JSON text of a component's event a second time."""
    if value.WhichOneof("value") == "json_trigger_value":
        inner = json.loads(value.json_trigger_value)
        if isinstance(inner, str):
            return WidgetState(id=value.id, json_trigger_value=inner)
    return value
