"""How the actions reach what was saved of a run's branch."""

from __future__ import annotations

from dataclasses import replace

from core.runs.decide import lost_changes
from core.runs.folder.samples import list_sample
from core.store import Run, branches
from core.store.decisions import CurationLog
from core.types.branches import CurationState


def key_of(run: Run, branch: str) -> str:
    return branches().curation(run.run_id, branch)


def seen(run: Run, state: CurationState, branch: str) -> CurationState:
    return replace(lost_changes.seen(run, state), branch=branch)


def writer(run: Run) -> CurationLog:
    list_sample(run)
    return lost_changes.guarded_log(run)
