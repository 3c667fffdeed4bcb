"""What a press does is done whole, also when the next press arrives in the middle of it.

Streamlit breaks a run off as soon as another is asked for: at the next access to the session, also in a callback, whose
rest is then never run, and even just before the callbacks. A callback here is a decision on disk and what the page
remembers of it: neither may be missing.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState
from streamlit.runtime.state.safe_session_state import SafeSessionState


@cache  # once per server
def keep_callbacks_whole() -> None:
    """Let what is asked meanwhile wait until the callbacks have run: it is looked at before anything is drawn."""
    look = ScriptRunner._maybe_handle_execution_control_request

    def look_later(runner: ScriptRunner) -> None:
        if ThreadState.get().run_location is not RunLocation.CALLBACK:
            look(runner)

    def run_callbacks(session: SafeSessionState, *states: Any, **how: Any) -> None:
        with session._lock:
            session._state.on_script_will_rerun(*states, **how)

    ScriptRunner._maybe_handle_execution_control_request = look_later  # type: ignore[method-assign, assignment]
    SafeSessionState.on_script_will_rerun = run_callbacks  # type: ignore[method-assign, assignment]
