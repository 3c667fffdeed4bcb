"""Work beside a finished run (a check, a self-test) that anyone can watch, stop and go on with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.runs.folder.folder_lock import tidy
from core.runs.folder.run_folder import default_threads
from core.store import Run
from core.types import child
from core.types.errors import RunError
from core.types.progress import Progress
from core.types.runs import RunStatus

from .launch import spawn, status
from .run_row import Ending, ending_of, live_row


def task_id(run: Run, kind: str) -> str:
    """The name of a run's check or self-test in the database; one of a kind at a time."""
    return f"{run.run_id}/{kind}"


def task_status(run: Run, kind: str) -> RunStatus | None:
    """How it stands, None when this workspace never started one."""
    try:
        return status(task_id(run, kind))
    except RunError:
        return None


def launch_task(run: Run, kind: str, folder: Path, arguments: Sequence[str]) -> str:
    """Start `python -m core ARGUMENTS` in its own process, its output in `folder`/log.txt; returns the task's id.

    Raises `RunError` while another task of that kind runs.
    """
    name, now = task_id(run, kind), task_status(run, kind)
    if now is not None and now.state.is_busy:
        raise RunError(f"A {kind} of {run.name} is already running.", "Wait for it, or cancel it first.")
    spawn(
        name,
        folder,
        child.python("-m", "core", *arguments),
        default_threads(leave_a_core=True),
        _facts(run),
    )
    return name


@contextmanager
def watched(run: Run, kind: str, folder: Path, progress: Progress) -> Iterator[Progress]:
    """Anyone can watch and cancel the work inside, and read how it ended; `RunError` when another is at work."""

    def ended(error: BaseException | None) -> Ending:
        return ending_of(error, "Cancelled. It goes on from the trainings that are finished.")

    facts = {"stage": "Starting", "done": 0, "total": 0, **_facts(run)}
    with live_row(task_id(run, kind), folder, f"A {kind} of {run.name}", progress, ended, **facts) as told:
        tidy(folder)
        yield told


def _facts(run: Run) -> dict[str, Any]:
    return {"name": run.name, "modality": run.modality.value, "rows": len(run.examples)}
