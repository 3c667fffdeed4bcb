"""A run in its own process: start it, watch it, ask it to stop, notice that it died."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.models.own_code import allowed_before, refuse_unless_allowed
from core.runs.folder.folder_lock import claimed, locked, new_run_id
from core.runs.folder.run_folder import RunFolder, default_threads
from core.runs.folder.source import absolute, find_run
from core.runs.plan.prepare import check_spec
from core.store import run_registry
from core.store.atomic import in_words
from core.store.consent import Consent, remember_consent
from core.store.runs import is_run
from core.store.workspace import runs_root
from core.types import child
from core.types.errors import RunError
from core.types.runs import RunSpec, RunState, RunStatus, RunSummary

from .liveness import heartbeat_age, is_alive, is_there

_CHILDREN: dict[str, subprocess.Popen] = {}  # polled, so that a killed child does not stay a zombie that looks alive
_ENDING_SECONDS = 10.0  # for a process that has written its last line and is closing down


def start(spec: RunSpec, out: Path | None = None, consent: Consent | None = None) -> str:
    """Start a new run (or go on with one begun in `out`) in its own process; returns the run id.

    consent: to the person's own code that `spec` names, given on this call.
    """
    spec = absolute(spec)
    check_spec(spec)
    run_id = new_run_id(spec)
    out = Path(out) if out is not None else runs_root() / run_id  # the folder has the name that people see
    if consent is None and not is_run(out):
        consent = allowed_before(spec.training.model)
    with claimed(out, spec, spec.threads or default_threads(leave_a_core=True), run_id) as folder:
        if consent is not None:
            remember_consent(folder.run_id, consent)
        refuse_unless_allowed(folder.run_id, spec.training.model)
        _announce(folder.run_id, out, facts_of(out))
    _begin(folder.run_id, out, _go_on(folder), folder.threads)
    return folder.run_id


def resume(run: str | Path) -> str:
    """Go on with a run that stopped; raises `RunError` for one that is being worked on, or a folder that is no run."""
    path = find_run(run)
    if not is_run(path):
        raise RunError(f"{path} is not a run folder: it has no spec.json.", "Give the folder that `run --out` made.")
    folder = RunFolder(path)
    if _known(folder.run_id) and status(folder.run_id).state.is_busy:
        raise RunError(f"The run {folder.run_id} is already running.", "Wait for it, or cancel it first.")
    refuse_unless_allowed(folder.run_id, folder.spec.training.model)
    spawn(folder.run_id, path, _go_on(folder), folder.threads, facts_of(path))
    return folder.run_id


def cancel(run_id: str) -> None:
    """Raise the flag that the run's heartbeat reads within a second; `RunError` for a run that is not running."""
    registry = run_registry()
    state = status(run_id).state
    is_halted = state is RunState.STOPPED and is_there(registry.row(run_id))
    if not state.is_busy and not is_halted:
        raise RunError(f"{run_id} is not running: it is {state.value}.", "`python -m core status` lists the runs.")
    registry.ask_to_stop(run_id)


def status(run_id: str) -> RunStatus:
    """What the row says, corrected by whether the process is there."""
    registry = run_registry()
    row = registry.row(run_id)
    if RunState(row.state).is_busy and not _goes_on(row):
        registry.mark_dead(run_id, row.beat, _log_tail(Path(row.path)))
        row = registry.row(run_id)
    _reap(run_id)
    age, state = heartbeat_age(row), RunState(row.state)
    return RunStatus(run_id, state, row.stage, row.done, row.total, age, row.message, row.seconds_left)


def refuse_second(run_id: str, what: str) -> None:
    """Raise when another process of this machine works under the same name: in a copy of the folder, or unlocked."""
    if _known(run_id):
        row = run_registry().row(run_id)
        if row.state == RunState.RUNNING.value and row.pid != os.getpid() and is_there(row):
            raise RunError(f"{what} is already running.", "Wait for it, or cancel it first.")


def list_runs() -> list[RunSummary]:
    """Runs of this workspace whose folder is still there, the last changed first."""
    registry = run_registry()
    summaries = []
    for row in registry.rows():
        if is_run(row.path):
            state = RunState(row.state)
            state = status(row.run_id).state if state.is_busy else state
            summaries.append(
                RunSummary(
                    row.run_id,
                    row.name or Path(row.path).name,
                    row.modality,
                    row.rows or _rows_in(row.path),
                    state,
                    ago(row.changed_at),
                    Path(row.path),
                )
            )
    return summaries


def facts_of(path: Path) -> dict[str, Any]:
    """Name, modality and rows of a run for its row in the database; what is not known yet stays empty."""
    folder = RunFolder(path)
    dataset = {"name": Path(folder.spec.source).stem, "modality": "", "rows": 0, **folder.card.get("dataset", {})}
    return {key: dataset[key] for key in ("name", "modality", "rows")}


def _rows_in(path: str) -> int:
    """Rows of a run that stopped before its row said so; 0 where its folder does not tell, either."""
    try:
        return int(facts_of(Path(path))["rows"])
    except RunError:
        return 0


def ago(then: float | None) -> str:
    """Seconds since the epoch as people say it; a clock that was set back gives "just now"."""
    if then is None:
        return ""
    seconds = max(0.0, time.time() - then)
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def _go_on(folder: RunFolder) -> list[str]:
    return child.python("-m", "core", "resume", str(folder.path.absolute()), "--quiet")


def spawn(run_id: str, folder: Path, command: list[str], threads: int, facts: dict[str, Any]) -> None:
    """Start a command in its own process; its row in the database waits for it, its output goes to log.txt."""
    _reap(run_id, _ENDING_SECONDS)  # its log is written; the process may still be closing down
    with locked(folder):  # before the row is written: a run whose heartbeat is late keeps its own
        _announce(run_id, folder, facts)
    _begin(run_id, folder, command, threads)


def _announce(run_id: str, folder: Path, facts: dict[str, Any]) -> None:
    """The row of a run or task that is about to begin."""
    run_registry().register(
        run_id,
        folder,
        state=RunState.WAITING.value,
        stage="Starting",
        done=0,
        total=0,
        message="",
        pid=None,
        pid_started=None,
        beat_at=time.monotonic(),
        **facts,
    )


def _begin(run_id: str, folder: Path, command: list[str], threads: int) -> None:
    environment = child.environment(OMP_NUM_THREADS=str(threads))
    try:
        with open(folder / "log.txt", "ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=environment
            )
    except OSError as error:
        told = in_words(folder / "log.txt", error)
        run_registry().settle(run_id, RunState.FAILED, " ".join(told.lines().splitlines()))
        raise told from error
    _CHILDREN[run_id] = process


def _reap(run_id: str, patience: float = 0.0) -> None:
    """Wait for a child that has ended, so that no zombie stays; one that is about to end gets `patience` seconds."""
    child = _CHILDREN.get(run_id)
    if child is None:
        return
    with suppress(subprocess.TimeoutExpired):
        child.wait(patience)
        del _CHILDREN[run_id]


def _known(run_id: str) -> bool:
    try:
        run_registry().row(run_id)
    except RunError:
        return False
    return True


def _goes_on(row: Any) -> bool:
    child = _CHILDREN.get(row.run_id)
    if child is not None and child.poll() is not None:  # polling also reaps the zombie
        del _CHILDREN[row.run_id]
        return False
    return is_alive(row)


def _log_tail(path: Path) -> str:
    """Why a dead run may have died: the last lines of its log."""
    log = path / "log.txt"
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:] if log.is_file() else []
    return "It stopped without saying why. Resume goes on where it was." + (
        f" Last in the log: {' / '.join(tail)}" if tail else ""
    )
