"""What a person decides about a run: rows, rules, undo and redo, in one of its branches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.curation import ScoreView, consequences
from core.runs.decide import answers, decisions
from core.runs.folder.samples import list_sample
from core.store import Run, curation_log
from core.types.branches import MAIN, CurationEvent, CurationState
from core.types.curation import Change, Outcome, Rules, Step

from ._saved import key_of, seen, writer


def curation_state(run: Run, branch: str = MAIN) -> CurationState:
    """Decisions, rules and selections of a branch as saved: what every session sees."""
    return seen(run, curation_log().state(key_of(run, branch)), branch)


def curation_revision(run: Run, branch: str = MAIN) -> int:
    """The revision of a branch alone: cheap enough to be asked every few seconds."""
    return curation_log().revision(key_of(run, branch))


def decide(
    run: Run,
    ids: Sequence[str],
    change: Change,
    *,
    token: str,
    expected_rev: int | None = None,
    branch: str = MAIN,
) -> CurationState:
    """Keep, drop, relabel, clear, note or mark the given examples; on disk before it returns.

    token: any text, unique per click: repeated, the change applies once; "<tab>:<text>" names the tab. expected_rev:
    refuse with "Changed in another tab" (`RunError`) when another tab has decided on one of these examples since.
    Unknown ids and labels are refused (`RulesError`).
    """
    list_sample(run)
    key = key_of(run, branch)
    saved = decisions.decide(run, ids, change, token=token, expected_rev=expected_rev, curation=key)
    return seen(run, saved, branch)


def decide_from(run: Run, path: Path, *, token: str, branch: str = MAIN) -> tuple[CurationState, Mapping[str, Change]]:
    """Apply the answers of a file, all or none, as one change: a CSV of decisions, or what Label Studio exports.

    Returns the state and what was said of each id. Raises `DataError` for a file that does not read, an id or a class
    that the run does not have, and two answers to one example; nothing is changed then.
    """
    list_sample(run)
    saved, changes = answers.decide_from(run, path, token=token, curation=key_of(run, branch))
    return seen(run, saved, branch), changes


def planned_answers(run: Run, path: Path) -> Mapping[str, Change]:
    """What `decide_from` would change, by id; nothing is saved. Raises as it does."""
    return answers.planned(run, path)


def save_rules(
    run: Run, rules: Rules, *, token: str, expected_rev: int | None = None, branch: str = MAIN
) -> CurationState:
    """Save the rules of a branch, undoable; refused when another tab changed them since `expected_rev`."""
    saved = writer(run).save_rules(key_of(run, branch), rules, token=token, expected_rev=expected_rev)
    return seen(run, saved, branch)


def undo(run: Run, *, token: str | None = None, expected_rev: int | None = None, branch: str = MAIN) -> CurationState:
    """Take back the last change (decision, rules or selection); does nothing when there is none.

    expected_rev: refused when another tab has changed anything since: this would take back a change not seen here.
    """
    return seen(run, writer(run).undo(key_of(run, branch), token=token, expected_rev=expected_rev), branch)


def redo(run: Run, *, token: str | None = None, expected_rev: int | None = None, branch: str = MAIN) -> CurationState:
    """Apply again what `undo` took back; does nothing when there is none. Refused as `undo` is."""
    return seen(run, writer(run).redo(key_of(run, branch), token=token, expected_rev=expected_rev), branch)


def history(run: Run, example_id: str, branch: str = MAIN) -> list[CurationEvent]:
    """Every saved change that touched one example, oldest first."""
    return curation_log().history(key_of(run, branch), example_id)


def decision_words(view: ScoreView, rules: Rules, step: Step) -> str:
    """What a decision did: `100 newly dropped · 5 already · 22 held out, locked`; of a single row its id, no count."""
    return consequences.decision_words(view, rules, step)


def emptied_words(view: ScoreView, before: Outcome, after: Outcome) -> str:
    """The classes that had training rows until now, in one sentence; empty when there are none."""
    return consequences.emptied_words(view, before, after)
