"""The next round: score again under one's decisions, take decisions over, and see what became of a run."""

from __future__ import annotations

from pathlib import Path

from core.runs.decide import rounds
from core.runs.folder.samples import list_run, list_sample
from core.runs.folder.source import open_run
from core.runs.read import comparing_runs
from core.store import Run, run_registry
from core.store.runs import is_run
from core.types.branches import MAIN, CurationState
from core.types.rounds import CarriedOver, Offer, RunComparison
from core.types.runs import RunSpec

from ._saved import key_of, seen


def with_decisions(spec: RunSpec, run: Run, branch: str = MAIN) -> RunSpec:
    """The question asked again under the decisions of a branch: its relabels and drops lie over the data, the source
    stays as it is, and the new run begins with these decisions. Raises `RunError` where nothing is decided.
    """
    asked = rounds.with_decisions(spec, run, branch)
    list_run(run)
    return asked


def offers(run: Run) -> tuple[Offer, ...]:
    """Decisions of other runs of the same data that this run could take over, with counts."""
    return rounds.offers(run)


def carry_over(run: Run, other: Run, *, token: str, branch: str = MAIN) -> tuple[CurationState, CarriedOver]:
    """Take over another run's decisions by id, as one change; what is decided here already stays."""
    list_sample(run)
    state, carried = rounds.carry_over(run, other, token=token, curation=key_of(run, branch))
    return seen(run, state, branch), carried


def named_run(path_or_id: Path) -> Run | None:
    """The run that a person means by a folder or an id; None where it is a file, or nothing that is known."""
    if path_or_id.is_dir():
        return open_run(path_or_id)
    if path_or_id.exists() or path_or_id.name != str(path_or_id):
        return None
    known = next((row for row in run_registry().rows() if row.run_id == path_or_id.name), None)
    return open_run(known.path) if known is not None and is_run(known.path) else None


def parent_of(run: Run) -> Run | None:
    """The run whose decisions were laid over this one's data, where this machine still has it."""
    return rounds.parent_of(run)


def compare_runs(before: Run, after: Run, branch: str = MAIN) -> RunComparison:
    """Two runs of the same data, each under its saved rules and decisions: rows that changed side or label, doubted
    labels and accuracy before and after, by class. branch: of the later one. Raises `RunError` without shared ids.
    """
    return comparing_runs.compare_runs(comparing_runs.side_of(before), comparing_runs.side_of(after, branch))


def comparable_runs(run: Run) -> tuple[str, ...]:
    """Ids of the finished runs of this workspace on the same data, the parent first, then the last changed."""
    return rounds.comparable_runs(run)
