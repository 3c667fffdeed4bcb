"""What a person can decide: decisions, rules and selections, in one of a run's branches.

Like `core.actions`: importing is cheap, each function imports what it needs, and a refusal is a `CurationError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.store import MAIN, CurationEvent, CurationState, Run
from core.store import branches as _branches
from core.store import curation_log as _log
from core.types.curation import Action, Decision, Outcome, Rules, rules_from_json
from core.types.errors import RulesError, RunError

if TYPE_CHECKING:
    import numpy as np

    from core.curation import ScoreView
    from core.curation.branching import BranchComparison
    from core.store.branching import Branch
    from core.store.decisions import CurationLog


def curation_state(run: Run, branch: str = MAIN) -> CurationState:
    """Decisions, rules and selections of a branch as saved: what every session sees."""
    return _seen(run, _log().state(_key(run, branch)), branch)


def curation_revision(run: Run, branch: str = MAIN) -> int:
    """The revision of a branch alone: cheap enough to be asked every few seconds."""
    return _log().revision(_key(run, branch))


def decide(
    run: Run,
    ids: Sequence[str],
    action: Action | None,
    *,
    label: str | None = None,
    note: str | None = None,
    reviewed: bool | None = None,
    sampled: bool | None = None,
    token: str,
    expected_rev: int | None = None,
    branch: str = MAIN,
) -> CurationState:
    """Keep, drop, relabel, clear, or (action None) only note or mark the given examples; on disk before it returns.

    sampled: these words answer the random sample for the noise rate (`check_actions.review_sample`).

    token: any text, unique per click: repeated, the change applies once; "<tab>:<text>" names the tab. expected_rev:
    refuse with "Changed in another tab" when another tab has decided on one of these examples since. Unknown ids and
    labels are refused.
    """
    from core.runs.decisions import decide as decided

    _list(run)
    key = _key(run, branch)
    return _seen(run, decided(run, ids, action, label, note, reviewed, token, expected_rev, key, sampled), branch)


def save_rules(
    run: Run, rules: Rules, *, token: str, expected_rev: int | None = None, branch: str = MAIN
) -> CurationState:
    """Save the rules of a branch, undoable; refused when another tab changed them since `expected_rev`."""
    saved = _writer(run).save_rules(_key(run, branch), rules, token=token, expected_rev=expected_rev)
    return _seen(run, saved, branch)


def save_selection(run: Run, name: str, ids: Sequence[str], *, token: str, branch: str = MAIN) -> CurationState:
    """Save a named selection; no ids deletes it. Undoable."""
    return _seen(run, _writer(run).save_selection(_key(run, branch), name, ids, token=token), branch)


def rename_selection(run: Run, name: str, to: str, *, token: str, branch: str = MAIN) -> CurationState:
    """Another name for a saved selection. Undoable; refused when the name is taken."""
    return _seen(run, _writer(run).rename_selection(_key(run, branch), name, to, token=token), branch)


def undo(run: Run, *, token: str | None = None, expected_rev: int | None = None, branch: str = MAIN) -> CurationState:
    """Take back the last change (decision, rules or selection); does nothing when there is none.

    expected_rev: refused when another tab has changed anything since: this would take back a change not seen here.
    """
    return _seen(run, _writer(run).undo(_key(run, branch), token=token, expected_rev=expected_rev), branch)


def redo(run: Run, *, token: str | None = None, expected_rev: int | None = None, branch: str = MAIN) -> CurationState:
    """Apply again what `undo` took back; does nothing when there is none. Refused as `undo` is."""
    return _seen(run, _writer(run).redo(_key(run, branch), token=token, expected_rev=expected_rev), branch)


def history(run: Run, example_id: str, branch: str = MAIN) -> list[CurationEvent]:
    """Every saved change that touched one example, oldest first."""
    return _log().history(_key(run, branch), example_id)


# -- branches --------------------------------------------------------------------------------------------------------


def branches(run: Run, removed: bool = False) -> tuple[Branch, ...]:
    """The branches of a run, "main" first; or those that were removed."""
    return _branches().names(run.run_id, removed)


def last_branch(run: Run) -> str:
    """The branch that was worked in last."""
    return _branches().last(run.run_id)


def use_branch(run: Run, name: str) -> CurationState:
    """Work in that branch from now on, also after the browser was closed."""
    _branches().remember(run.run_id, name)
    return curation_state(run, name)


def make_branch(run: Run, name: str, origin: str = MAIN, *, token: str) -> Branch:
    """A copy of `origin` under a new name, its undo and redo included; from then on both go their own way."""
    return _branches().make(run.run_id, name, origin, token=token)


def rename_branch(run: Run, name: str, to: str) -> Branch:
    """Another name for a branch; "main" keeps its own."""
    return _branches().rename(run.run_id, name, to)


def remove_branch(run: Run, name: str) -> None:
    """Take a branch off the list. What was decided in it stays on disk, see `restore_branch`."""
    _branches().remove(run.run_id, name)


def restore_branch(run: Run, curation: str) -> Branch:
    """Bring a removed branch back (see `branches(run, removed=True)`)."""
    return _branches().restore(run.run_id, curation)


def compare_branches(view: ScoreView, a: Outcome, b: Outcome) -> BranchComparison:
    """What b keeps that a drops and the other way round, by class and zone, with the rows."""
    from core.curation.branching import compare_outcomes

    return compare_outcomes(view, a, b)


def _key(run: Run, branch: str) -> str:
    return _branches().curation(run.run_id, branch)


def _seen(run: Run, state: CurationState, branch: str) -> CurationState:
    from core.runs.remembered import seen

    return replace(seen(run, state), branch=branch)


def _writer(run: Run) -> CurationLog:
    from core.runs.remembered import guarded_log

    _list(run)
    return guarded_log(run)


def _list(run: Run) -> None:
    from core.runs.samples import list_sample

    list_sample(run)


# -- rows just selected ----------------------------------------------------------------------------------------------


def keep_picked(run: Run, rows: np.ndarray) -> str:
    """Put the selected rows on disk; returns the short name under which `picked_rows` finds them again."""
    from core.store import picks

    return picks().keep(run.run_id, rows, len(run.examples))


def picked_rows(run: Run, name: str) -> np.ndarray | None:
    """The rows behind that name, int64 ascending; None when they are no longer kept."""
    from core.store import picks

    return picks().rows(run.run_id, name, len(run.examples))


def selection_csv(
    view: ScoreView, rules: Rules, decisions: Mapping[str, Decision], outcome: Outcome, rows: np.ndarray
) -> bytes:
    """The given rows as a CSV file: the columns of decisions.csv, then the user's own."""
    from core.export.selected import selected_csv

    return selected_csv(view, rules, decisions, outcome, rows)


# -- rules from a file -----------------------------------------------------------------------------------------------


def rules_in(path: Path) -> Rules:
    """Rules from a JSON file: bare, or the `rules` of a manifest.json; raises `RulesError` naming what does not fit."""
    from core.store.atomic import read_json

    hint = "Give a JSON file of rules, or the manifest.json of an export."
    try:
        plain = read_json(path)
    except RunError as error:
        raise RulesError(str(error), hint) from None
    if not isinstance(plain, dict):
        raise RulesError(f"The rules {path} are not a JSON object.", hint)
    return rules_from_json(plain.get("rules", plain))
