"""What every step looks at: one run, what a person decided about it, and what follows from both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

import streamlit as st

from core import actions
from core.types.branches import MAIN, CurationState
from core.types.curation import Outcome, Rules
from core.types.errors import RunError
from dashboard.components import messages
from dashboard.session import cache, navigation, state
from dashboard.session.slots import slot

_START_HINT = "Open a sample from Start, or score your own data first."


@dataclass(frozen=True, eq=False)
class Opened:
    """A run with finished scores, as this script run sees it."""

    key: str
    run: actions.runs.Run
    at: str  # stamp of the run folder
    view: actions.scores.ScoreView
    curation: CurationState
    rules: Rules
    outcome: Outcome

    @property
    def change(self) -> str:
        """Names rules and decisions: equal text, equal outcome."""
        return _change(self.curation, self.rules)


class UnknownFolderError(RunError):
    """The address names a run folder from elsewhere, which nobody chose to open yet."""

    def __init__(self, key: str):
        super().__init__(
            f"The address names a run folder that was not opened here before: {key}",
            "Open it only if you know where it comes from: its files are read, and its data from where it says.",
        )
        self.key = key


_at_home: set[tuple[str, str]] = set()  # (workspace, key) of what was found to be no unknown folder


def refuse_unknown_folder() -> None:
    """Raise `UnknownFolderError` when the address names one."""
    key = navigation.run_key()
    place = (str(actions.workspace.folder()), str(key))
    if key is None or place in _at_home:
        return
    if not actions.runs.is_at_home(key):
        raise UnknownFolderError(key)
    _at_home.add(place)


def require_run(nothing: str, key: str) -> Callable[[Callable[[Opened], None]], Callable[[], None]]:
    """A step that needs an open run with a finished score: without one it says so and points to Start."""

    def step(draw: Callable[[Opened], None]) -> Callable[[], None]:
        @wraps(draw)
        def render() -> None:
            opened = open_current()
            if opened is not None:
                draw(opened)
            elif messages.empty_state(nothing, _START_HINT, slot=slot(key), action="Go to Start"):
                navigation.request_page("start")
                st.rerun()

        return render

    return step


def open_current() -> Opened | None:
    """The open run with its outcome; None when nothing is open or no score is finished. Raises `CurationError`."""
    key = navigation.run_key()
    if key is None:
        return None
    refuse_unknown_folder()
    run, at = cache.run(key)
    if not run.score_names:
        return None
    view = cache.view(run.run_id, at, run)
    curation = _curation(run)
    rules = curation.rules or cache.default_rules(run.run_id, at, view)
    state.saw_revision(run.run_id, curation.rev)
    result = cache.outcome(run.run_id, at, _change(curation, rules), view, rules, curation)
    return Opened(key, run, at, view, curation, rules, result)


def beside(opened: Opened, branch: str) -> Opened:
    """The same run as another branch has it; `RunError` when that branch is gone."""
    return following(opened, actions.curation.curation_state(opened.run, branch))


def following(opened: Opened, curation: CurationState) -> Opened:
    """The same run under these decisions and rules."""
    run, at, view = opened.run, opened.at, opened.view
    rules = curation.rules or cache.default_rules(run.run_id, at, view)
    result = cache.outcome(run.run_id, at, _change(curation, rules), view, rules, curation)
    return Opened(opened.key, run, at, view, curation, rules, result)


def _curation(run: actions.runs.Run) -> CurationState:
    """Of the branch in the address; of the first one, with a word about it, when that branch is gone."""
    try:
        return actions.curation.curation_state(run, navigation.branch())
    except RunError as error:
        if navigation.branch() == MAIN:
            raise
        state.tell(str(error), f"{error.hint} This page shows {MAIN!r}.", "error")
        navigation.switch_branch(MAIN)
        return actions.curation.curation_state(run)


def _change(curation: CurationState, rules: Rules) -> str:
    plain = json.dumps(rules.to_json(), sort_keys=True, default=str)
    return f"{curation.stamp}-{hashlib.sha256(plain.encode()).hexdigest()[:16]}"
