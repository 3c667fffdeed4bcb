"""A check or self-test at work: its progress, Cancel and Resume, and one redraw of the page when it ends."""

from __future__ import annotations

import streamlit as st

from core import actions
from core.types.runs import RunState
from dashboard.components import run_progress
from dashboard.session import commands, state
from dashboard.session.fragments import fragment
from dashboard.session.slots import slot


def is_busy(run: actions.runs.Run, kind: str) -> bool:
    """Whether it is at work now."""
    status = actions.checks.check_status(run, kind)
    return status is not None and status.state.is_busy


def check_progress(run: actions.runs.Run, kind: str, title: str) -> None:
    """Nothing when it was never started or is finished; looks again every second while it is at work."""
    every = 1.0 if is_busy(run, kind) else None
    fragment(_job, run_every=every)(run, kind, title)


def _job(run: actions.runs.Run, kind: str, title: str) -> None:
    status = actions.checks.check_status(run, kind)
    if status is None:
        return
    seen = f"check-{kind}-{run.run_id}"
    if state.is_new(seen, status.state) and state.get(f"drawn-{seen}"):
        state.put(f"drawn-{seen}", False)
        st.rerun()
    state.put(f"drawn-{seen}", True)
    if status.state is RunState.FINISHED:
        return
    with st.container(key=f"{kind}_progress", border=True):
        run_progress.run_progress(
            status, slot=slot(f"{kind}_bar"), name=title, on_press=lambda act: _press(act, run, kind)
        )


def _press(act: str, run: actions.runs.Run, kind: str) -> None:
    call = {"cancel": actions.checks.cancel_check, "resume": actions.checks.resume_check}[act]
    commands.attempt(lambda: call(run, kind))
