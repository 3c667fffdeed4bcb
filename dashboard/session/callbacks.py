"""Callbacks run to their end, also when the next press arrives in the middle of one.

Streamlit breaks a run off as soon as another is asked for: at the next access to the session, also in a callback, whose
rest is then never run, and even just before the callbacks. A callback here writes a decision to disk and notes what
the page has shown of it: one without the other is wrong.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState
from streamlit.runtime.state.safe_session_state import SafeSessionState


@cache  # once per server
def keep_callbacks_whole() -> None:
    """Let a request that arrives meanwhile wait until the callbacks have run; nothing is drawn before it."""
    look = ScriptRunner._maybe_handle_execution_control_request

    def look_later(runner: ScriptRunner) -> None:
        if ThreadState.get().run_location is not RunLocation.CALLBACK:
            look(runner)

    def run_callbacks(session: SafeSessionState, *states: Any, **how: Any) -> None:
        with session._lock:
            session._state.on_script_will_rerun(*states, **how)

    ScriptRunner._maybe_handle_execution_control_request = look_later  # type: ignore[method-assign, assignment]
    SafeSessionState.on_script_will_rerun = run_callbacks  # type: ignore[method-assign, assignment]
