"""A run that anyone can watch: its row in the database lives as long as its work."""

from __future__ import annotations

import traceback
from contextlib import suppress
from pathlib import Path

from core.models.own_code import allowed_before, refuse_unless_allowed
from core.runs.decide.rounds import inherit
from core.runs.execute.context import RunContext
from core.runs.execute.execute import work_on
from core.runs.folder.folder_lock import claimed
from core.runs.folder.run_folder import RunFolder, default_threads
from core.runs.folder.source import absolute
from core.runs.plan.prepare import check_spec
from core.store import Run, run_registry
from core.store.consent import Consent, remember_consent
from core.store.runs import is_run
from core.types.errors import Cancelled, CurationError, by_reason
from core.types.progress import Progress
from core.types.runs import RunSpec, RunState

from .launch import facts_of
from .run_row import Ending, ending_of, live_row

_ENDS_WELL = (RunState.FINISHED, RunState.INCOMPLETE, RunState.CANCELLED)


def run_watched(
    spec: RunSpec,
    out: Path,
    progress: Progress,
    truth: Path | None = None,
    consent: Consent | None = None,
    ends_process: bool = False,
) -> Run:
    """`execute_run`, which anyone can watch and cancel: its heartbeat and progress stand in the database.

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
            if spec.overlay and not folder.is_finished:
                inherit(folder.run_id, spec.overlay)
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
    def ended(error: BaseException | None) -> Ending:
        return _ending(folder, progress, error)

    run_id, path = folder.run_id, folder.path
    with live_row(run_id, path, f"The run in {path}", progress, ended, ends_process, **facts_of(path)) as told:
        run = work_on(folder, told, truth)
        run_registry().register(run_id, path, **facts_of(path))
        return run


def _ending(folder: RunFolder, progress: Progress, error: BaseException | None) -> Ending:
    """What the files say; a refusal leaves a run as it stood, and our bug leaves its traceback in log.txt."""
    if error is None:
        return _as_on_disk(folder)
    if isinstance(error, CurationError):
        on_disk = _as_on_disk(folder)
        if on_disk.state in _ENDS_WELL:
            return on_disk
    elif isinstance(error, Exception) and not isinstance(error, Cancelled):
        RunContext(folder, progress).log("".join(traceback.format_exception(error)))
        kind = type(error).__name__
        return Ending(message=f"Something went wrong inside Chaffinch ({kind}): log.txt of the run has the details.")
    return ending_of(error, "Cancelled. Resume goes on where it was.")


def _as_on_disk(folder: RunFolder) -> Ending:
    card = RunFolder(folder.path).card
    state = RunState(card.get("state", RunState.FAILED))
    told = by_reason(card.get("problems", {}))
    return Ending(state, "; ".join(f"{', '.join(names)}: {why}" for names, why in told))
