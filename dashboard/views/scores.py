"""Scores: what each finds and needs, how well its assumptions hold, and the run that computes them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core import actions
from core.types.errors import RunError, by_reason
from core.types.runs import IDLE, RunSpec, RunState, RunStatus
from dashboard.components import messages, run_progress
from dashboard.panels import next_round, run_form, score_detail
from dashboard.session import cache, commands, error_boundary, navigation, new_source, state, url_widgets
from dashboard.session.fragments import fragment
from dashboard.session.slots import slot
from dashboard.tables import score_states

_PANES = {"scores": "All scores", "round": "Next round"}


def render() -> None:
    """A draft shows the form; a run shows its progress, the table of all scores and the detail of one."""
    key, draft = navigation.run_key(), state.get("draft_spec")
    if key is None and draft is not None:
        _draft(draft)
        return
    if key is None:
        if messages.empty_state(
            "Nothing to score yet",
            "Choose data first, or open a sample: it is already scored.",
            slot=slot("no_scores"),
            action="Choose data",
        ):
            navigation.request_page("data")
            st.rerun()
        return
    run, _ = cache.run(key)
    error_boundary.alone(_progress, key, run.run_id)
    if url_widgets.switch("step", _PANES, "scores") == "round":
        error_boundary.alone(next_round.next_round, run, _start)
        return
    error_boundary.alone(_finished, run)
    with st.expander("Score again, with other settings or more scores", key="again", on_change="rerun") as again:
        if again.open:
            run_form.run_form(run.spec, actions.runs.plan_scores(run.spec), _start)


def _draft(draft: RunSpec) -> None:
    st.html("<h2>Scores</h2>")
    through = f" on {draft.training.encoder}" if draft.training.encoder else ""
    how = "scored as it is" if draft.training.as_it_is else f"{draft.training.seeds} seeds"
    where = f" · on {draft.training.device}" if draft.training.device else ""
    st.text(f"Data: {draft.source} · model: {draft.training.model}{through} · {how}{where}")
    with st.spinner("Reading the data"):
        plan = cache.plan(draft, cache.changed(draft.source, draft.recorded))
    run_form.run_form(draft, plan, _start)


def _start(spec: RunSpec) -> None:
    started = commands.attempt(lambda: actions.runs.start_run(spec), "start")
    if started is not None:
        state.put("draft_spec", None)
        new_source.forget()
        navigation.open_run(started)
        navigation.show_pane("step", "scores")
        navigation.request_page("scores")


@partial(fragment, run_every=1.0)
def _progress(key: str, run_id: str) -> None:
    run, at = cache.run(key)
    status = _status(run)
    if state.is_new(f"progress-{run_id}", (status.state, status.stage, at)) and state.get("drawn_progress"):
        state.put("drawn_progress", False)
        st.rerun()
    state.put("drawn_progress", True)
    if status.state == RunState.FINISHED:
        return
    with st.container(key="progress_box", border=True):
        run_progress.run_progress(status, slot=slot("progress"), name=run.name, on_press=lambda act: _press(act, run))


def _status(run: actions.runs.Run) -> RunStatus:
    try:
        return actions.runs.run_status(run.run_id)
    except RunError:  # a sample, or a folder copied from elsewhere: no process here ever worked on it
        return RunStatus(run.run_id, run.state())


def _press(act: str, run: actions.runs.Run) -> None:
    if act == "cancel":
        commands.attempt(lambda: actions.runs.cancel_run(run.run_id))
    else:  # by its folder: one that was copied here has no row in this workspace yet
        commands.attempt(lambda: actions.runs.resume_run(run.path))


def _finished(run: actions.runs.Run) -> None:
    left, right = st.columns([3, 1], gap="small")
    with left:
        st.html("<h2>Scores</h2>")
        table = score_states.scores_frame(run, actions.scores.methods_of(run), _status(run))
        done = int((table["State"] == "done").sum())
        requested = int((~table["State"].isin(IDLE)).sum())
        st.text(
            f"{done} of {requested} scores computed for {run.name}; {len(table) - requested} more could be asked for "
            "or do not fit it. Choose a row for its assumptions and settings."
        )
        failures = [f"{', '.join(names)}: {why}" for names, why in by_reason(run.failures)]
        messages.warnings(failures, key="score_failures")
        chosen = st.dataframe(
            table.drop(columns="name"),
            key="score_rows",
            hide_index=True,
            width="stretch",
            height=640,
            row_height=30,
            placeholder="",
            on_select="rerun",
            selection_mode="single-row",
            column_config={
                "Seconds": st.column_config.NumberColumn(format="%.1f", width=70),
                "Score": st.column_config.TextColumn(width=130),
                "What it finds": st.column_config.TextColumn(width=300),
                "State": st.column_config.TextColumn(width=95),
                "Assumptions": st.column_config.TextColumn(width=175),
                "Needs": st.column_config.TextColumn(width=150),
                "Skill": st.column_config.NumberColumn(format="%.2f", width=60),
            },
            alt="All scores with what they find, what they need, their assumption lights, cost and state",
        )
    rows = chosen["selection"]["rows"]
    with right, st.container(key="score_detail", border=True):
        score_detail.score_detail(run, table["name"].iloc[rows[0] if rows else 0])
