"""A run that anyone can watch: its row in the database lives as long as its work."""

from __future__ import annotations

import shutil
import traceback
from pathlib import Path

from core.models.own_code import allowed_before, refuse_unless_allowed
from core.store import Run, run_registry
from core.store.consent import Consent, remember_consent
from core.store.runs import is_run
from core.types.errors import Cancelled, CurationError, RunError
from core.types.progress import Progress
from core.types.runs import RunSpec, RunState

from .execute import execute_run
from .folder import RunFolder, claim, default_threads
from .job import Job
from .launch import facts_of, own_process, status
from .prepare import check_spec
from .progress import DatabaseProgress, Together
from .source import absolute


def run_attended(
    spec: RunSpec,
    out: Path,
    progress: Progress,
    truth: Path | None = None,
    consent: Consent | None = None,
    ends_process: bool = False,
) -> Run:
    """`execute_run` with heartbeat, progress and the wish to cancel in the database.

    consent: to the person's own code that `spec` names, given on this call and remembered in the workspace.
    ends_process: a stage that cannot be interrupted may end this process when someone cancels (the command line).
    """
    spec = absolute(spec)
    is_new = not is_run(out)
    if is_new:
        check_spec(spec)
        consent = consent or allowed_before(spec.training.model)
    folder = claim(out, spec, spec.threads or default_threads(leave_a_core=False))
    _refuse_two(folder)
    if consent is not None:
        remember_consent(folder.run_id, consent)
    elif not folder.is_finished:
        refuse_unless_allowed(folder.run_id, spec.training.model)
    registry = run_registry()
    registry.register(
        folder.run_id, folder.path, state=RunState.RUNNING.value, message="", **own_process(), **facts_of(folder.path)
    )
    state, message = RunState.FAILED, "It stopped without saying why."
    try:
        with DatabaseProgress(registry, folder.run_id, ends_process) as beat:
            run = execute_run(spec, out, Together(progress, beat), truth)
        state, message = run.state(), "; ".join(f"{name}: {why}" for name, why in run.card.get("problems", {}).items())
        registry.register(folder.run_id, folder.path, **facts_of(folder.path))
        return run
    except (Cancelled, KeyboardInterrupt):
        state, message = RunState.CANCELLED, "Cancelled. Resume goes on where it was."
        raise
    except CurationError as error:
        message = " ".join(error.lines().splitlines())
        if is_new and "dataset" not in RunFolder(folder.path).card:  # no data, no run: leave nothing behind
            shutil.rmtree(folder.path)
            registry.forget(folder.run_id)
        raise
    except Exception as error:  # our bug: the watcher gets a sentence, log.txt the traceback
        message = f"Something went wrong inside Chaffinch ({type(error).__name__}): log.txt of the run has the details."
        Job(folder, progress).log(traceback.format_exc())
        raise
    finally:
        registry.settle(folder.run_id, state, message)


def _refuse_two(folder: RunFolder) -> None:
    try:
        now = status(folder.run_id)
        row = run_registry().row(folder.run_id)
    except RunError:
        return  # not known yet: nobody runs it
    waiting_for_us = row.state == RunState.WAITING.value
    if now.state is RunState.RUNNING and not waiting_for_us and row.pid != own_process()["pid"]:
        raise RunError(f"The run in {folder.path} is already running.", "Wait for it, or cancel it first.")
