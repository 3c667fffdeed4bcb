"""Who is at work: a halted, renamed or dead process is not running for ever, a living one is never written off."""

import os
import signal
import subprocess
import sys
import time

import pytest
from worlds import write_table

from core import actions
from core.runs.folder.folder_lock import claim, locked
from core.runs.watch import launch, liveness
from core.store import machine, run_registry
from core.types.errors import RunError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, RunState

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and locks as on POSIX")


@pytest.fixture
def sleeper():
    """A process that does nothing."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield child
    child.kill()
    child.wait()


@pytest.fixture
def folder(tmp_path):
    source = write_table(tmp_path)[0]
    spec = RunSpec(str(source), scores=("knn_distance",), map=False, threads=1)
    return claim(tmp_path / "r", spec, 1)


def registered(folder, pid, age=0.0, **facts):
    beat_at, started = time.monotonic() - age, None if pid is None else machine.started_at(pid)
    row = {"state": RunState.RUNNING.value, "pid": pid, "pid_started": started, "beat_at": beat_at, **facts}
    run_registry().register(folder.run_id, folder.path, **row)
    return folder.run_id


def state_of(run_id) -> RunState:
    return actions.runs.run_status(run_id).state


def test_a_job_under_another_host_name_stops_when_its_heartbeat_does(folder, sleeper):
    """A container started again: the machine is the same, its name and its process numbers are not."""
    other = f"other-box {machine._boot()}"
    assert state_of(registered(folder, sleeper.pid, age=30, host=other)) is RunState.RUNNING
    run_id = registered(folder, sleeper.pid, age=76, host=other)
    assert state_of(run_id) is RunState.STOPPED
    actions.runs.resume_run(folder.path)
    wait_until_finished(run_id)


def wait_until_finished(run_id):
    deadline = time.monotonic() + 600
    while state_of(run_id) in (RunState.WAITING, RunState.RUNNING):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert state_of(run_id) is RunState.FINISHED
    launch._reap(run_id, 30)


def test_a_job_of_another_machine_is_watched_before_it_counts_as_stopped(folder, monkeypatch):
    run_id = registered(folder, 1, age=-1e6, host="far-away 0000")
    assert state_of(run_id) is RunState.RUNNING
    now = time.monotonic()
    monkeypatch.setattr(liveness.time, "monotonic", lambda: now + 59)
    assert state_of(run_id) is RunState.RUNNING
    run_registry().pulse(run_id, "Training", 1, 2, None)  # it was heard of
    assert state_of(run_id) is RunState.RUNNING
    monkeypatch.setattr(liveness.time, "monotonic", lambda: now + 59 + 61)
    assert state_of(run_id) is RunState.STOPPED


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_a_job_before_a_restart_of_the_machine_is_not_running(folder, state):
    before = f"{machine.platform.node()} an-earlier-boot"
    run_id = registered(folder, None if state == "waiting" else os.getpid(), age=-1e6, host=before, state=state)
    assert state_of(run_id) is RunState.STOPPED


def test_a_halted_job_is_stopped_keeps_its_row_and_comes_back(folder, sleeper):
    run_id = registered(folder, sleeper.pid, age=0)
    sleeper.send_signal(signal.SIGSTOP)
    assert state_of(run_id) is RunState.RUNNING
    registered(folder, sleeper.pid, age=61)
    assert state_of(run_id) is RunState.STOPPED
    with locked(folder.path), pytest.raises(RunError, match="already running in another process"):
        actions.runs.resume_run(folder.path)
    assert run_registry().row(run_id).pid == sleeper.pid, "the row of the halted job was overwritten"
    actions.runs.cancel_run(run_id)  # it will see the flag when it goes on
    run_registry().pulse(run_id, "Training", 1, 2, None)
    assert state_of(run_id) is RunState.RUNNING


def test_fault_82_two_jobs_on_one_run(folder):
    with locked(folder.path), pytest.raises(RunError, match="already running"):
        actions.runs.run_here(folder.spec, folder.path, SilentProgress())
    with pytest.raises(RunError, match="knows no run"):
        run_registry().row(folder.run_id)


def test_fault_82_a_copy_of_a_running_run_is_not_started_under_its_name(folder, sleeper):
    registered(folder, sleeper.pid)
    with pytest.raises(RunError, match="already running"):
        actions.runs.run_here(folder.spec, folder.path, SilentProgress())
    assert run_registry().row(folder.run_id).pid == sleeper.pid


@pytest.mark.parametrize("hours", [-2, -24 * 365, 2])
def test_fault_83_clock_set_back_kills_no_living_job(folder, sleeper, monkeypatch, hours):
    """The start of a process by the clock moves with the clock: boot time plus ticks."""
    import psutil

    run_id = registered(folder, sleeper.pid)
    create_time, now = psutil.Process.create_time, time.time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: create_time(self) + 3600 * hours)
    monkeypatch.setattr(time, "time", lambda: now() + 3600 * hours)
    assert state_of(run_id) is RunState.RUNNING
    assert actions.runs.list_runs()[0].last_change in ("just now", "2 hours ago")
    with pytest.raises(RunError, match="already running"):
        actions.runs.resume_run(folder.path)


def test_a_number_used_again_is_another_process(folder, sleeper):
    run_id = registered(folder, sleeper.pid, pid_started=machine.started_at(sleeper.pid) - 1)
    assert state_of(run_id) is RunState.STOPPED
    assert machine.started_at(os.getpid()) is not None
    sleeper.kill()
    deadline = time.monotonic() + 600
    while machine.started_at(sleeper.pid) is not None:  # a zombie until somebody waits for it
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_stopped_run_still_says_how_many_rows_it_has(folder, sleeper):
    done = actions.runs.run_here(folder.spec, folder.path, SilentProgress())
    run_id = registered(folder, sleeper.pid, age=61, rows=0)
    assert [(r.state, r.rows) for r in actions.runs.list_runs()] == [(RunState.STOPPED, 90)]
    (done.path / "spec.json").write_text("{")
    assert [(r.run_id, r.rows) for r in actions.runs.list_runs()] == [(run_id, 0)]


def test_cancel_says_when_there_is_nothing_to_cancel(folder):
    done = actions.runs.run_here(folder.spec, folder.path, SilentProgress())
    with pytest.raises(RunError, match="is not running: it is finished"):
        actions.runs.cancel_run(done.run_id)
    assert launch.list_runs()[0].state is RunState.FINISHED
