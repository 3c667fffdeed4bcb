"""Runs: plan one, start it, watch it, stop it, open it, and consent to the code that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.models import AUTO, MODELS, own_code, sources
from core.runs.folder import source
from core.runs.plan import plan_in_child, prepare
from core.runs.plan import score_states as states
from core.runs.watch import launch, watched_run
from core.store import Run, admitted
from core.store.consent import Consent
from core.store.runs import is_run
from core.types.examples import ExampleTable, Modality
from core.types.model_names import is_own_code
from core.types.progress import Progress
from core.types.runs import RunSpec, RunState, RunStatus, RunSummary, ScorePlan, TrainingSpec


def check_training(training: TrainingSpec, modality: Modality) -> None:
    """Refuse, before any work, files that are no weights, and networks over images whose image size is not given."""
    prepare.check_training(training, modality)


def plan_scores(spec: RunSpec, examples: ExampleTable | None = None) -> list[ScorePlan]:
    """Each registered score with `runs` (can it be computed here?) and `why_not` in one line."""
    return prepare.plan_scores(spec, examples)


def said_of_vectors(spec: RunSpec) -> tuple[str, ...]:
    """What goes by which vectors, in two lines, where a run has a person's own and an encoder's; () elsewhere."""
    return prepare.said_of_vectors(spec)


def plan_source(spec: RunSpec) -> list[ScorePlan]:
    """`plan_scores` with the data that the spec names, loaded in a child process with limits; errors as there."""
    return plan_in_child.plan_in_child(spec)


def list_runs() -> list[RunSummary]:
    """Every run this workspace knows, the last changed first."""
    return launch.list_runs()


def start_run(spec: RunSpec, out: Path | None = None, trust: bool = False) -> str:
    """Start a run in its own process and return its id; without `out` the folder is made in the workspace.

    trust: allows the `module:factory` that the spec names, which is code: for this run, on this machine.
    """
    return launch.start(spec, out, named_code(spec.training.model) if trust else None)


def run_here(
    spec: RunSpec,
    out: Path,
    progress: Progress,
    truth: Path | None = None,
    trust: bool = False,
    *,
    code_folder: Path | None = None,
    ends_process: bool = False,
) -> Run:
    """Run in this process until finished; resumes an interrupted run of the same spec.

    trust: allows the `module:factory` that the spec names, which is code: for this run, on this machine; it is looked
    for in `code_folder` first. ends_process: a stage that cannot be interrupted may end this process when someone
    cancels. Raises `Cancelled` when someone asked it to stop.
    """
    consent = named_code(spec.training.model, code_folder) if trust else None
    return watched_run.run_watched(spec, out, progress, truth, consent, ends_process)


def resume_run(run: str | Path) -> str:
    """Go on with a stopped, cancelled or incomplete run in its own process; returns the run id."""
    return launch.resume(run)


def cancel_run(run_id: str) -> None:
    """Ask a run to stop at its next safe point. What is finished stays; `resume_run` goes on."""
    launch.cancel(run_id)


def run_status(run_id: str) -> RunStatus:
    """State, stage, done of total, age of the heartbeat; a dead process shows as STOPPED."""
    return launch.status(run_id)


def is_at_home(path_or_id: str) -> bool:
    """False for a run folder that this workspace neither made nor opened before; nothing in it is read for that."""
    return source.is_at_home(path_or_id)


def admit_run(folder: Path) -> None:
    """A person chose to open this run folder from elsewhere: from now on its path in an address opens it."""
    admitted.admit(folder)


def opened_first(path_or_id: str) -> str:
    """The key under which the dashboard finds a run that a person names; a folder is admitted. Raises `RunError`."""
    run = source.open_run(path_or_id)
    if source.is_path(path_or_id):
        admit_run(run.path)
        return str(run.path.resolve())
    return path_or_id


def open_run(path_or_id: str | Path) -> Run:
    """A run to read: a folder, a run id of this workspace, or the name of a sample."""
    return source.open_run(path_or_id)


def named_code(model: str, folder: Path | None = None) -> Consent | None:
    """The file of a `module:factory` that the person names on this call, searched in `folder` first; None for ours."""
    return own_code.located(model, folder) if is_own_code(model) else None


def allow_code(run: Run) -> None:
    """The person consents, on this call, to the `module:factory` that a run names: this machine may run it for this run
    as long as the file stays as it is now. Nothing happens for models of ours. Raises `ModelError` when not found.
    """
    own_code.allow(run.run_id, run.spec.training.model)


def allow_factory(model: str, folder: Path | None = None) -> Consent:
    """The person consents, on this call, to a `module:factory` before there is a run of it; it is looked for in
    `folder` first, and not run. Returns which file it is. Raises `ModelError` when not found.
    """
    return own_code.allow_factory(model, folder)


def check_allowed(model: str) -> None:
    """Raise `ModelError` for a `module:factory` that nobody allowed on this machine; nothing for other models."""
    own_code.allowed_before(model)


def model_named_here(name: str) -> str:
    """A model as a person typed it: one of our names, or a file or folder beside them as a path. Raises `ModelError`
    for a `module:factory` that cannot be one; whether it is there is found out later.
    """
    if is_own_code(name):
        own_code.check_name(name)
    return sources.named(name, (AUTO.name, *(family.name for family in MODELS)))


def state_of(folder: Path) -> RunState | None:
    """What the files of a run folder say of it; None where there is no run yet."""
    return open_run(folder).state() if is_run(folder) else None


def score_states(run: Run, names: Sequence[str], status: RunStatus) -> dict[str, str]:
    """Where each score stands: done, failed, the stage its run is in for the next one, waiting, or one of `IDLE`."""
    return states.score_states(run, names, status)


def listed_in_full(listed: RunSummary) -> RunSummary:
    """A run of the list; one that stopped early may have its name, kind and rows in its folder alone."""
    if listed.rows:
        return listed
    begun = Run.open(listed.path)
    about = begun.card.get("dataset", {})
    return replace(listed, name=begun.name, modality=about.get("modality", ""), rows=about.get("rows") or 0)
