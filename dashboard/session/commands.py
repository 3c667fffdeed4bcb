"""What buttons do: one action each, on disk before the screen says so; a refusal becomes a message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core import actions
from core.types.branches import MAIN, CurationState
from core.types.curation import Change, Rules, Step
from core.types.errors import CurationError
from dashboard.session import access, cache, navigation, state
from dashboard.session.current_run import Opened, following


def attempt(call: Callable[[], Any], name: str = "") -> Any:
    """Run an action; on a `CurationError` leave its two lines for the next draw and return None.

    Nothing is run for visitors from elsewhere whom nobody asked who they are.
    """
    try:
        if (refused := access.exposed()) is not None:
            raise refused
        result = call()
    except CurationError as error:
        state.tell(str(error), error.hint, "error")
        result = None
    if name:
        state.retire_token(name)
    return result


def decide(run: actions.runs.Run, ids: Sequence[str], change: Change, said: str) -> CurationState | None:
    """Keep, drop, relabel, clear, note; `said` is what the screen says once it is on disk."""
    name = f"decide-{run.run_id}"
    done = attempt(
        lambda: actions.curation.decide(
            run,
            list(ids),
            change,
            token=state.token(name),
            expected_rev=state.revision(run.run_id),
            branch=navigation.branch(),
        ),
        name,
    )
    return _saved(run, done, said)


def decide_rows(opened: Opened, rows: Sequence[int] | np.ndarray, change: Change) -> CurationState | None:
    """Decide about rows of what is open, and say what that did to them and to the classes."""
    at = np.asarray(rows, np.int64)
    done = decide(opened.run, names_of(opened.view.ids, at), change, "")
    if done is not None:
        after = following(opened, done).outcome
        emptied = actions.curation.emptied_words(opened.view, opened.outcome, after)
        step = Step(at, change, opened.outcome, after, opened.curation.decisions)
        hint = f"{emptied} Undo brings them back (u)." if emptied else ""
        words = actions.curation.decision_words(opened.view, opened.rules, step)
        state.tell(words, hint, "loud" if emptied else "saved")
    return done


def save_rules(run: actions.runs.Run, rules: Rules, said: str = "Rules saved") -> CurationState | None:
    """Put rules on disk."""
    name = f"rules-{run.run_id}"
    rev, branch = state.revision(run.run_id), navigation.branch()
    done = attempt(
        lambda: actions.curation.save_rules(run, rules, token=state.token(name), expected_rev=rev, branch=branch), name
    )
    return _saved(run, done, said)


def save_selection(run: actions.runs.Run, title: str, ids: Sequence[str]) -> CurationState | None:
    """Keep a selection under a name; no ids deletes it."""
    name = f"selection-{run.run_id}"
    said = f"Selection “{title}” saved ({len(ids):,} rows)" if len(ids) else f"Selection “{title}” removed"
    token, branch = state.token(name), navigation.branch()
    done = attempt(lambda: actions.selections.save_selection(run, title, list(ids), token=token, branch=branch), name)
    return _saved(run, done, said)


def rename_selection(run: actions.runs.Run, title: str, to: str) -> CurationState | None:
    """Another name for a saved selection."""
    name = f"rename-{run.run_id}"
    token, branch = state.token(name), navigation.branch()
    done = attempt(lambda: actions.selections.rename_selection(run, title, to, token=token, branch=branch), name)
    return _saved(run, done, f"Selection “{title}” is now “{to}”")


def open_run(key: str) -> None:
    """Look at a run, in the branch that was worked in last."""
    navigation.open_run(key)
    try:
        branch = actions.branches.last_branch(cache.run(key)[0])
    except CurationError as error:
        state.tell(str(error), error.hint, "error")
        branch = MAIN
    navigation.switch_branch(branch)


def undo(run: actions.runs.Run) -> None:
    """Take back the last saved change, whatever view it came from."""
    _step(run, actions.curation.undo, "Undone")


def redo(run: actions.runs.Run) -> None:
    """Apply again what was undone."""
    _step(run, actions.curation.redo, "Redone")


def _step(run: actions.runs.Run, step: Callable[..., CurationState], said: str) -> None:
    name = f"step-{run.run_id}"
    token, rev, branch = state.token(name), state.revision(run.run_id), navigation.branch()
    _saved(run, attempt(lambda: step(run, token=token, expected_rev=rev, branch=branch), name), said)


def names_of(ids: np.ndarray, rows: np.ndarray) -> list[str]:
    """Ids of rows: what is written down is never a position."""
    return [str(i) for i in ids[rows]]


def _saved(run: actions.runs.Run, done: CurationState | None, said: str) -> CurationState | None:
    if done is not None:
        if done.rev == (state.revision(run.run_id) or 0) + 1:  # else other tabs' changes came between, not shown yet
            state.saw_revision(run.run_id, done.rev)
        state.tell(said, "", "saved")
    return done
