"""The selection outlives a reload: its rows on disk, its name in the address, back and forward again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core import actions
from dashboard.session import access, commands, row_bits, state
from dashboard.session.current_run import Opened

MODES = {"replace": "Replace", "add": "Add", "subtract": "Subtract", "within": "Within"}
_SAVED = "name:"


def settle(opened: Opened) -> None:
    """Once per draw: what was just selected goes to disk and into the address, or what the address says comes back."""
    said, kept = state.selection_address()
    if state.selection_moved():
        state.keep_selection_address(_put(opened, said) if len(state.selection()) else "")
    elif said != kept:
        _read(opened, said)


def _put(opened: Opened, said: str) -> str:
    if state.selection_name():
        return _SAVED + state.selection_name()
    if access.exposed() is not None:  # a visitor may look around; nothing of it is kept
        return said
    done = commands.attempt(lambda: actions.selections.keep_picked(opened.run, state.selection()))
    return said if done is None else str(done)


def _read(opened: Opened, said: str) -> None:
    name = said.removeprefix(_SAVED) if said.startswith(_SAVED) else ""
    rows = saved_rows(opened, name) if name else _picked(opened, said)
    if rows is None:
        hint = "Select again, and save it under a name."
        state.tell("The selection in this address is no longer kept.", hint, "error")
    state.select(np.array([], np.int64) if rows is None else rows, name if rows is not None else "")
    state.keep_selection_address(said if rows is not None else "")


def _picked(opened: Opened, said: str) -> np.ndarray | None:
    return actions.selections.picked_rows(opened.run, said) if said else np.array([], np.int64)


def saved_rows(opened: Opened, name: str) -> np.ndarray | None:
    """Rows of a selection that was saved under a name, None when there is none."""
    ids = opened.curation.selections.get(name)
    return None if ids is None else opened.view.rows_of(ids)


def mode() -> str:
    """What a new choice of rows does to the present selection."""
    chosen = state.turned_to("mode", "replace")
    return chosen if chosen in MODES else "replace"


def choose(rows: np.ndarray, how: str = "") -> None:
    """Select rows as the mode says, and bring them forward wherever rows are listed."""
    state.select(actions.selections.join(state.selection(), rows, how or mode()))
    state.turn_to("tab", "Selected")


def chooser(rows: np.ndarray) -> Callable[[], None]:
    """What a button does that chooses these rows (numbers, or bool [N])."""
    held = row_bits.RowBits.of(rows)
    return lambda: choose(held.rows())
