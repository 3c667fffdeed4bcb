"""People's decisions on disk: one transaction per click, an event for each, undo and redo, no silent overwriting."""

from __future__ import annotations

import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from core.types.branches import CurationEvent, CurationState
from core.types.curation import Change, Rules, rules_from_json
from core.types.errors import RunError

from . import tables
from .conflicts import LoggedChange, refuse_conflict, touches
from .database import Database
from .registry import touch
from .statements import decision_of, read_decisions, read_state, row_of, stacks, write_change

_CACHED_RUNS = 4  # a session looks at one run at a time; a large run's decisions take megabytes


class StateCache:
    """The last state of a few runs, each valid while its rev is; the least recently used goes first. Thread-safe."""

    def __init__(self) -> None:
        self._states: OrderedDict[tuple[str, int, str], CurationState] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, int, str]) -> CurationState | None:
        """The state that was put there last, if it is still kept."""
        with self._lock:
            if key in self._states:
                self._states.move_to_end(key)
            return self._states.get(key)

    def put(self, key: tuple[str, int, str], state: CurationState) -> None:
        """Keep a state, and drop the least recently used beyond four."""
        with self._lock:
            self._states[key] = state
            self._states.move_to_end(key)
            while len(self._states) > _CACHED_RUNS:
                self._states.popitem(last=False)

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._states.clear()


_CACHE = StateCache()  # of the process: every session of a server reads the same database


@dataclass(frozen=True)
class _Event:
    """A line of the log: undo and redo name the event they are about (`target`) and its kind (`of`)."""

    kind: str
    summary: str
    before: Any
    after: Any
    target: int | None = None
    of: str = ""


class CurationLog:
    """The decisions, rules and selections of every run in one database.

    refuse_lost: called with a curation and its number of changes before one is added; raises when some are missing.
    """

    def __init__(self, database: Database, refuse_lost: Callable[[str, int], object] | None = None):
        self.database, self.refuse_lost = database, refuse_lost

    def state(self, run_id: str) -> CurationState:
        """Everything decided about a run so far."""
        with self.database.reading() as connection:
            return self._state(connection, run_id)

    def decide(
        self, run_id: str, ids: Sequence[str], change: Change, *, token: str, expected_rev: int | None = None
    ) -> CurationState:
        """Change the decision on each id. Raises `RunError` where another tab has decided on one of them since."""
        unique = list(dict.fromkeys(str(i) for i in ids))
        verb, label = change.action.value if change.action else "note", f" as {change.label}" if change.label else ""
        summary = f"{verb} {len(unique)} example{'' if len(unique) == 1 else 's'}{label}"
        return self.decide_each(run_id, dict.fromkeys(unique, change), summary, token=token, expected_rev=expected_rev)

    def decide_each(
        self, run_id: str, changes: Mapping[str, Change], summary: str, *, token: str, expected_rev: int | None = None
    ) -> CurationState:
        """Each id's own change, as one event: one undo takes all back. Refused as `decide` is."""
        ids = list(changes)
        with self.database.writing() as connection:
            if self._is_new(connection, run_id, token, expected_rev, touches(ids)) and ids:
                old = read_decisions(connection, run_id, ids)
                new = {i: change.applied_to(old.get(i)) for i, change in changes.items()}
                before, after = ({i: row_of(side.get(i)) for i in ids} for side in (old, new))
                self._apply(connection, run_id, token, _Event("decide", summary, before, after))
        return self.state(run_id)

    def save_rules(self, run_id: str, rules: Rules, *, token: str, expected_rev: int | None = None) -> CurationState:
        """Replace the rules of a run. A slider's release waits for it: what is on disk is not read again."""
        with self.database.writing() as connection:
            state = self._state(connection, run_id)
            if self._is_new(connection, run_id, token, expected_rev, lambda change: change.kind == "rules"):
                before = state.rules.to_json() if state.rules else None
                if before != (after := json.loads(json.dumps(rules.to_json()))):
                    self._apply(connection, run_id, token, _Event("rules", "change the rules", before, after))
                    state = replace(
                        state, rev=state.rev + 1, rules=rules_from_json(after), can_undo=True, can_redo=False
                    )
        self._remember(run_id, state)
        return state

    def save_selection(self, run_id: str, name: str, ids: Sequence[str], *, token: str) -> CurationState:
        """Save ids under a name; none deletes the selection."""
        with self.database.writing() as connection:
            if self._is_new(connection, run_id, token):
                old = list(self._state(connection, run_id).selections.get(name, ())) or None
                new = [str(i) for i in ids] or None
                event = _Event("selection", f"selection {name}", [name, old], [name, new])
                self._apply(connection, run_id, token, event)
        return self.state(run_id)

    def rename_selection(self, run_id: str, name: str, to: str, *, token: str) -> CurationState:
        """Another name for a saved selection; `RunError` when there is none, or the new name is taken."""
        with self.database.writing() as connection:
            if self._is_new(connection, run_id, token) and name != to:
                saved = self._state(connection, run_id).selections
                if name not in saved or to in saved or not to.strip():
                    why = f"There is no selection {name!r}." if name not in saved else f"The name {to!r} will not do."
                    raise RunError(why, f"Saved selections: {', '.join(saved) or 'none'}.")
                ids = list(saved[name])
                before, after = {name: ids, to: None}, {name: None, to: ids}
                self._apply(connection, run_id, token, _Event("selections", f"rename selection {name}", before, after))
        return self.state(run_id)

    def revision(self, run_id: str) -> int:
        """The `rev` of the state alone: what a tab asks often."""
        with self.database.reading() as connection:
            c = tables.curation.c
            return connection.execute(sa.select(c.rev).where(c.run_id == run_id)).scalar() or 0

    def undo(self, run_id: str, *, token: str | None = None, expected_rev: int | None = None) -> CurationState:
        """Take back the last change that stands."""
        return self._step(run_id, "undo", token, expected_rev)

    def redo(self, run_id: str, *, token: str | None = None, expected_rev: int | None = None) -> CurationState:
        """Apply again the last change taken back."""
        return self._step(run_id, "redo", token, expected_rev)

    def history(self, run_id: str, example_id: str) -> list[CurationEvent]:
        """Every decision event that touched one example, oldest first; before and after are Decisions or None."""
        e, about = tables.event.c, tables.event.alias()
        query = (
            sa.select(e.seq, e.kind, e.summary, e.before, e.after)
            .select_from(tables.event.outerjoin(about, e.target == about.c.seq))
            .where(e.run_id == run_id, sa.func.coalesce(about.c.kind, e.kind) == "decide")
            .order_by(e.seq)
        )
        events = []
        with self.database.reading() as connection:
            for seq, kind, summary, before, after in connection.execute(query):
                olds, news = json.loads(before), json.loads(after)
                if example_id in news:
                    old, new = decision_of(olds[example_id]), decision_of(news[example_id])
                    events.append(CurationEvent(seq, kind, summary, old, new))
        return events

    # -- inside one transaction --------------------------------------------------------------------------------------

    def _state(self, connection: sa.Connection, run_id: str) -> CurationState:
        """The saved state; never called after a change in the same transaction, which may yet fail."""
        c = tables.curation.c
        row = connection.execute(sa.select(c.rev, c.rules).where(c.run_id == run_id)).first()
        if row is None:
            return CurationState(curation=run_id)
        known = _CACHE.get(self._key(run_id))
        if known is None or known.rev != row.rev:
            known = self._remember(run_id, read_state(connection, run_id, row.rev, row.rules))
        return known

    def _remember(self, run_id: str, state: CurationState) -> CurationState:
        """Keep what is on disk at this `rev`."""
        _CACHE.put(self._key(run_id), state)
        return state

    def _key(self, run_id: str) -> tuple[str, int, str]:
        return self.database.url, self.database.openings, run_id  # a file put in its place has revisions of its own

    def _is_new(
        self,
        connection: sa.Connection,
        run_id: str,
        token: str,
        expected_rev: int | None = None,
        meets: Callable[[LoggedChange], bool] = lambda change: True,
    ) -> bool:
        """False when the token was seen before; raises when another tab made a change since that `meets` this one."""
        e, c = tables.event.c, tables.curation.c
        if connection.execute(sa.select(e.seq).where(e.run_id == run_id, e.token == token)).first():
            return False
        rev = connection.execute(sa.select(c.rev).where(c.run_id == run_id)).scalar()
        if self.refuse_lost is not None:
            self.refuse_lost(run_id, rev or 0)
        if expected_rev is not None:
            refuse_conflict(connection, run_id, token, rev or 0, expected_rev, meets)
        if rev is None:
            connection.execute(tables.curation.insert().values(run_id=run_id, rev=0))
        return True

    def _apply(self, connection: sa.Connection, run_id: str, token: str, event: _Event) -> None:
        write_change(connection, run_id, event.of or event.kind, event.after)
        written = {"kind": event.kind, "summary": event.summary, "target": event.target}
        sides = {"before": json.dumps(event.before), "after": json.dumps(event.after)}
        connection.execute(tables.event.insert().values(run_id=run_id, token=token, **written, **sides))
        connection.execute(
            tables.curation.update().where(tables.curation.c.run_id == run_id).values(rev=tables.curation.c.rev + 1)
        )
        touch(connection, run_id.partition("#")[0])

    def _step(self, run_id: str, kind: str, token: str | None, expected_rev: int | None) -> CurationState:
        token = token or secrets.token_hex(8)
        with self.database.writing() as connection:
            if self._is_new(connection, run_id, token, expected_rev, lambda change: True):
                standing, taken_back = stacks(connection, run_id)
                stack = standing if kind == "undo" else taken_back
                if stack:
                    e = tables.event.c
                    past = connection.execute(sa.select(tables.event).where(e.seq == stack[-1])).one()
                    before, after = json.loads(past.before), json.loads(past.after)
                    old, new = (after, before) if kind == "undo" else (before, after)
                    step = _Event(kind, f"{kind}: {past.summary}", old, new, past.seq, past.kind)
                    self._apply(connection, run_id, token, step)
        return self.state(run_id)
