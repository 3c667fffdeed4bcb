"""Runs in their own process: watched, cancelled, killed, resumed."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from worlds import write_table

from core import actions
from core.runs.watch import launch
from core.store import run_registry
from core.types.errors import CurationError, RunError
from core.types.examples import Roles
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, RunState, TrainingSpec

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and process groups as on POSIX")
LONG = 400  # epochs: long enough to be met while it trains


def spec_of(source, epochs: int) -> RunSpec:
    return RunSpec(
        source=str(source), scores=("el2n",), training=TrainingSpec(epochs=epochs, seeds=1), map=False, threads=1
    )


def wait_for(run_id: str, *states: RunState, stage: str = "") -> object:
    """The status once it shows one of the states (in the given stage)."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        status = actions.runs.run_status(run_id)
        if status.state in states and status.stage.startswith(stage):
            return status
        assert status.state in (RunState.WAITING, RunState.RUNNING, *states), status
        time.sleep(0.05)
    raise AssertionError(f"still {status}")


def test_a_run_is_started_watched_cancelled_and_resumed(tmp_path):
    data, _ = write_table(tmp_path)
    run_id = actions.runs.start_run(spec_of(data, LONG))
    training = wait_for(run_id, RunState.RUNNING, stage="Training")
    assert training.total > 0
    assert training.heartbeat_age < 30
    listed = actions.runs.list_runs()
    assert [(r.run_id, r.state, r.last_change) for r in listed] == [(run_id, RunState.RUNNING, "just now")]
    with pytest.raises(RunError, match="already running"):
        actions.runs.resume_run(run_id)
    actions.runs.cancel_run(run_id)
    wait_for(run_id, RunState.CANCELLED)

    assert actions.runs.resume_run(run_id) == run_id
    wait_for(run_id, RunState.RUNNING, stage="Training")
    os.kill(run_registry().row(run_id).pid, signal.SIGKILL)
    stopped = wait_for(run_id, RunState.STOPPED)
    assert "Resume" in stopped.message


def test_a_killed_run_resumes_to_the_scores_of_an_uninterrupted_one(tmp_path):
    data, _ = write_table(tmp_path)
    run_id = actions.runs.start_run(spec_of(data, 40), tmp_path / "killed")
    wait_for(run_id, RunState.RUNNING, RunState.FINISHED, stage="Training")
    launch._CHILDREN[run_id].kill()
    wait_for(run_id, RunState.STOPPED, RunState.FINISHED)
    actions.runs.resume_run(tmp_path / "killed")
    wait_for(run_id, RunState.FINISHED)
    whole = actions.runs.run_here(spec_of(data, 40), tmp_path / "whole", SilentProgress())
    np.testing.assert_array_equal(actions.runs.open_run(run_id).score("el2n").values, whole.score("el2n").values)


def test_a_run_that_fails_says_why(tmp_path):
    data, _ = write_table(tmp_path)
    with pytest.raises(CurationError, match="no_such_model"):
        actions.runs.start_run(RunSpec(str(data), training=TrainingSpec(model="no_such_model")))
    assert actions.runs.list_runs() == []
    run_id = actions.runs.start_run(RunSpec(str(data), roles=Roles(label="colour"), scores=("el2n",), map=False))
    status = wait_for(run_id, RunState.FAILED)
    assert "colour" in status.message


def test_a_process_number_used_again_is_not_taken_for_the_run(tmp_path):
    registry = run_registry()
    registry.register("r", tmp_path, state=RunState.RUNNING.value, pid=os.getpid(), pid_started=1.0, beat_at=0.0)
    assert actions.runs.run_status("r").state is RunState.STOPPED


def test_an_unknown_run_is_told_in_words():
    with pytest.raises(RunError, match="knows no run 'nobody'"):
        actions.runs.run_status("nobody")


def test_a_clock_set_back_still_reads(monkeypatch):
    then = time.time()
    monkeypatch.setattr(launch.time, "time", lambda: then - 7_200)
    assert launch.ago(then) == "just now"
    monkeypatch.setattr(launch.time, "time", lambda: then + 7_300)
    assert launch.ago(then) == "2 hours ago"


def test_started_runs_live_in_the_workspace(tmp_path, own_workspace):
    data, _ = write_table(tmp_path)
    run_id = actions.runs.start_run(spec_of(data, 1))
    wait_for(run_id, RunState.FINISHED)
    assert Path(run_registry().row(run_id).path) == own_workspace / "runs" / run_id
    assert actions.runs.open_run(run_id).name == "data.csv"
