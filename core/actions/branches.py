"""Branches of a run: several sets of decisions and rules side by side, "main" first."""

from __future__ import annotations

from core.curation import ScoreView
from core.curation.branching import compare_outcomes
from core.store import Run
from core.store import branches as stored
from core.types.branches import MAIN, Branch, CurationState
from core.types.comparisons import BranchComparison
from core.types.curation import Outcome

from . import curation


def list_branches(run: Run, removed: bool = False) -> tuple[Branch, ...]:
    """The branches of a run, "main" first; or those that were removed."""
    return stored().names(run.run_id, removed)


def last_branch(run: Run) -> str:
    """The branch that was worked in last."""
    return stored().last(run.run_id)


def use_branch(run: Run, name: str) -> CurationState:
    """Work in that branch from now on, also after the browser was closed."""
    stored().remember(run.run_id, name)
    return curation.curation_state(run, name)


def make_branch(run: Run, name: str, origin: str = MAIN, *, token: str) -> Branch:
    """A copy of `origin` under a new name, its undo and redo included; from then on both go their own way."""
    return stored().make(run.run_id, name, origin, token=token)


def rename_branch(run: Run, name: str, to: str) -> Branch:
    """Another name for a branch; "main" keeps its own."""
    return stored().rename(run.run_id, name, to)


def remove_branch(run: Run, name: str) -> None:
    """Take a branch off the list. What was decided in it stays on disk, see `restore_branch`."""
    stored().remove(run.run_id, name)


def restore_branch(run: Run, curation: str) -> Branch:
    """Bring a removed branch back (see `list_branches(run, removed=True)`)."""
    return stored().restore(run.run_id, curation)


def compare_branches(view: ScoreView, a: Outcome, b: Outcome) -> BranchComparison:
    """What b keeps that a drops and the other way round, by class and zone, with the rows."""
    return compare_outcomes(view, a, b)
