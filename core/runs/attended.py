"""A run that anyone can watch: its row in the database lives as long as its work."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.models.own_code import allowed_before, refuse_unless_allowed
from core.store import Run, run_registry
from core.store.consent import Consent, remember_consent
from core.store.machine import own_process
from core.store.runs import is_run
from core.types.errors import Cancelled, CurationError, by_reason
from core.types.progress import Progress
from core.types.runs import RunSpec, RunState

from .claiming import claimed
from .execute import work_on
from .folder import RunFolder, default_threads
from .job import Job
from .launch import facts_of, refuse_second
from .prepare import check_spec
from .progress import DatabaseProgress, Together
from .source import absolute

_ENDS_WELL = (RunState.FINISHED, RunState.INCOMPLETE, RunState.CANCELLED)


@dataclass
class _Ending:
    """What a run's row says once its process is gone."""

    state: RunState = RunState.FAILED
    message: str = "It stopped without saying why."


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
    if is_new or not RunFolder(out).is_finished:  # a spec.json that was edited is refused as a flag is
        check_spec(spec)
    if is_new:
        consent = consent or allowed_before(spec.training.model)
    try:
        with claimed(out, spec, spec.threads or default_threads(leave_a_core=False)) as folder:
            _settle_consent(folder, spec, consent)
            return _watched(folder, progress, truth, ends_process)
    except CurationError:
        if not is_run(out):  # refused, and nothing of it is left
            with suppress(CurationError):  # a database that cannot be written knows nothing of it either
                run_registry().forget_folder(out)
        raise


def _settle_consent(folder: RunFolder, spec: RunSpec, consent: Consent | None) -> None:
    if consent is not None:
        remember_consent(folder.run_id, consent)
    elif not folder.is_finished:
        refuse_unless_allowed(folder.run_id, spec.training.model)


def _watched(folder: RunFolder, progress: Progress, truth: Path | None, ends_process: bool) -> Run:
    registry = run_registry()
    refuse_second(folder.run_id, f"The run in {folder.path}")
    registry.register(
        folder.run_id, folder.path, state=RunState.RUNNING.value, message="", **own_process(), **facts_of(folder.path)
    )
    with _told(folder, progress), DatabaseProgress(registry, folder.run_id, ends_process) as beat:
        run = work_on(folder, Together(progress, beat), truth)
        registry.register(folder.run_id, folder.path, **facts_of(folder.path))
        return run


@contextmanager
def _told(folder: RunFolder, progress: Progress) -> Iterator[None]:
    """However the work ends, the row says how; a refusal leaves a run as its files say that it stands."""
    ending = _Ending()
    try:
        yield
        ending = _as_on_disk(folder)
    except (Cancelled, KeyboardInterrupt):
        ending = _Ending(RunState.CANCELLED, "Cancelled. Resume goes on where it was.")
        raise
    except CurationError as error:
        found = _as_on_disk(folder)
        ending = found if found.state in _ENDS_WELL else _Ending(message=" ".join(error.lines().splitlines()))
        raise
    except Exception as error:  # our bug: the watcher gets a sentence, log.txt the traceback
        ending.message = (
            f"Something went wrong inside Chaffinch ({type(error).__name__}): log.txt of the run has the details."
        )
        Job(folder, progress).log(traceback.format_exc())
        raise
    finally:
        run_registry().settle(folder.run_id, ending.state, ending.message)


def _as_on_disk(folder: RunFolder) -> _Ending:
    card = RunFolder(folder.path).card
    state = RunState(card.get("state", RunState.FAILED))
    told = by_reason(card.get("problems", {}))
    return _Ending(state, "; ".join(f"{', '.join(names)}: {why}" for names, why in told))
