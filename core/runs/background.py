"""Work beside a finished run (a check, a self-test) that anyone can watch, stop and go on with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.store import Run, run_registry
from core.store.machine import own_process
from core.types import child
from core.types.errors import Cancelled, CurationError, RunError
from core.types.progress import Progress
from core.types.runs import RunState, RunStatus

from .claiming import tidy
from .folder import default_threads
from .launch import refuse_second, spawn, status
from .progress import DatabaseProgress, Together


def job_id(run: Run, kind: str) -> str:
    """The name of a run's check or self-test in the database; one of a kind at a time."""
    return f"{run.run_id}/{kind}"


def job_status(run: Run, kind: str) -> RunStatus | None:
    """How it stands, None when this workspace never started one."""
    try:
        return status(job_id(run, kind))
    except RunError:
        return None


def launch_job(run: Run, kind: str, folder: Path, arguments: Sequence[str]) -> str:
    """Start `python -m core ARGUMENTS` in a process of its own, its words in `folder`/log.txt; returns the job's id."""
    name, now = job_id(run, kind), job_status(run, kind)
    if now is not None and now.state.is_busy:
        raise RunError(f"A {kind} of {run.name} is already running.", "Wait for it, or cancel it first.")
    spawn(
        name,
        folder,
        child.python("-m", "core", *arguments),
        default_threads(leave_a_core=True),
        {"name": run.name, "modality": run.modality.value, "rows": len(run.examples)},
    )
    return name


@contextmanager
def watched(run: Run, kind: str, folder: Path, progress: Progress) -> Iterator[Progress]:
    """Heartbeat, progress and the wish to stop in the database while the work inside goes on, and how it ended."""
    name, registry = job_id(run, kind), run_registry()
    refuse_second(name, f"A {kind} of {run.name}")
    tidy(folder)
    registry.register(
        name,
        folder,
        state=RunState.RUNNING.value,
        stage="Starting",
        done=0,
        total=0,
        message="",
        name=run.name,
        modality=run.modality.value,
        rows=len(run.examples),
        **own_process(),
    )
    state, message = RunState.FAILED, "It stopped without saying why."
    try:
        with DatabaseProgress(registry, name) as beat:
            yield Together(progress, beat)
        state, message = RunState.FINISHED, ""
    except (Cancelled, KeyboardInterrupt):
        state, message = RunState.CANCELLED, "Cancelled. It goes on from the trainings that are finished."
        raise
    except CurationError as error:
        message = " ".join(error.lines().splitlines())
        raise
    finally:
        registry.settle(name, state, message)
