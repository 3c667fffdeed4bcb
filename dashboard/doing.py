"""What buttons do: one action each, on disk before the screen says so; a refusal becomes a message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core import actions
from core.store import CurationState, Run
from core.types.curation import Action, Rules
from core.types.errors import CurationError
from dashboard import state


def attempt(call: Callable[[], Any], name: str = "") -> Any:
    """Run an action; on a `CurationError` leave its two lines for the next draw and return None."""
    try:
        result = call()
    except CurationError as error:
        state.tell(str(error), error.hint, "error")
        result = None
    if name:
        state.spend(name)
    return result


def decide(
    run: Run,
    ids: Sequence[str],
    action: Action | None,
    said: str,
    *,
    label: str | None = None,
    note: str | None = None,
    reviewed: bool | None = None,
) -> CurationState | None:
    """Keep, drop, relabel, clear, note; `said` is what the screen says once it is on disk."""
    name = f"decide-{run.run_id}"
    done = attempt(
        lambda: actions.decide(
            run,
            list(ids),
            action,
            label=label,
            note=note,
            reviewed=reviewed,
            token=state.token(name),
            expected_rev=state.revision(run.run_id),
        ),
        name,
    )
    return _saved(run, done, said)


def save_rules(run: Run, rules: Rules, said: str = "Rules saved") -> CurationState | None:
    """Put rules on disk."""
    name = f"rules-{run.run_id}"
    done = attempt(
        lambda: actions.save_rules(run, rules, token=state.token(name), expected_rev=state.revision(run.run_id)), name
    )
    return _saved(run, done, said)


def save_selection(run: Run, title: str, ids: Sequence[str]) -> CurationState | None:
    """Keep a selection under a name; no ids deletes it."""
    name = f"selection-{run.run_id}"
    said = f"Selection “{title}” saved ({len(ids):,} rows)" if len(ids) else f"Selection “{title}” removed"
    return _saved(
        run, attempt(lambda: actions.save_selection(run, title, list(ids), token=state.token(name)), name), said
    )


def choose(rows: np.ndarray) -> None:
    """Select these rows and bring them forward wherever rows are listed."""
    state.select(rows)
    state.turn_to("tab", "Selected")


def undo(run: Run) -> None:
    """Take back the last saved change, whatever view it came from."""
    _saved(run, attempt(lambda: actions.undo(run)), "Undone")


def redo(run: Run) -> None:
    """Apply again what was undone."""
    _saved(run, attempt(lambda: actions.redo(run)), "Redone")


def names_of(ids: np.ndarray, rows: np.ndarray) -> list[str]:
    """Ids of rows: what is written down is never a position."""
    return [str(i) for i in ids[rows]]


def _saved(run: Run, done: CurationState | None, said: str) -> CurationState | None:
    if done is not None:
        state.saw_revision(run.run_id, done.rev)
        state.tell(said, "", "saved")
    return done
