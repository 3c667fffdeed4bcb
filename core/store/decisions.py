"""People's decisions on disk: one transaction per click, an event for each, undo and redo, no silent last-wins."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Any

import sqlalchemy as sa

from core.types.curation import Action, Decision, Rules, rules_from_json
from core.types.errors import RunError

from . import tables
from .database import Database
from .registry import touch
from .states import CurationEvent, CurationState

_CHUNK = 500  # ids in one SQL statement
_CACHE: dict[tuple[str, int, str], CurationState] = {}  # the last state of a few runs, valid while its rev is
_CACHED_RUNS = 4


class CurationLog:
    """The decisions, rules and selections of every run in one database."""

    def __init__(self, database: Database):
        self.database = database

    def state(self, run_id: str) -> CurationState:
        """Everything decided about a run so far."""
        with self.database.reading() as connection:
            return self._state(connection, run_id)

    def decide(
        self,
        run_id: str,
        ids: Sequence[str],
        action: Action | None,
        *,
        label: str | None = None,
        note: str | None = None,
        reviewed: bool | None = None,
        token: str,
        expected_rev: int | None = None,
    ) -> CurationState:
        """Change the decision on each id: what is None stays. CLEAR forgets the action, REVIEWED only marks."""
        unique = list(dict.fromkeys(str(i) for i in ids))
        verb = action.value if action else "note"
        summary = f"{verb} {len(unique)} example{'' if len(unique) == 1 else 's'}" + (f" as {label}" if label else "")
        with self.database.writing() as connection:
            if self._is_new(connection, run_id, token, expected_rev) and unique:
                old = _decisions(connection, run_id, unique)
                new = {i: _changed(old.get(i), action, label, note, reviewed) for i in unique}
                before = {i: _row(old.get(i)) for i in unique}
                self._apply(connection, run_id, token, "decide", summary, before, {i: _row(d) for i, d in new.items()})
        return self.state(run_id)

    def save_rules(self, run_id: str, rules: Rules, *, token: str, expected_rev: int | None = None) -> CurationState:
        """Replace the rules of a run. A slider's release waits for it: what is on disk is not read again."""
        with self.database.writing() as connection:
            state = self._state(connection, run_id)
            if self._is_new(connection, run_id, token, expected_rev):
                before = state.rules.to_json() if state.rules else None
                if before != (after := json.loads(json.dumps(rules.to_json()))):
                    self._apply(connection, run_id, token, "rules", "change the rules", before, after)
                    state = replace(
                        state, rev=state.rev + 1, rules=rules_from_json(after), can_undo=True, can_redo=False
                    )
        self._remember(run_id, state)
        return state

    def save_selection(self, run_id: str, name: str, ids: Sequence[str], *, token: str) -> CurationState:
        """Save ids under a name; none deletes the selection."""
        with self.database.writing() as connection:
            if self._is_new(connection, run_id, token, None):
                old = list(self._state(connection, run_id).selections.get(name, ())) or None
                new = [str(i) for i in ids] or None
                self._apply(connection, run_id, token, "selection", f"selection {name}", [name, old], [name, new])
        return self.state(run_id)

    def rename_selection(self, run_id: str, name: str, to: str, *, token: str) -> CurationState:
        """Another name for a saved selection; `RunError` when there is none, or the new name is taken."""
        with self.database.writing() as connection:
            if self._is_new(connection, run_id, token, None) and name != to:
                saved = self._state(connection, run_id).selections
                if name not in saved or to in saved or not to.strip():
                    why = f"There is no selection {name!r}." if name not in saved else f"The name {to!r} will not do."
                    raise RunError(why, f"Saved selections: {', '.join(saved) or 'none'}.")
                ids = list(saved[name])
                before, after = {name: ids, to: None}, {name: None, to: ids}
                self._apply(connection, run_id, token, "selections", f"rename selection {name}", before, after)
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
        e = tables.event.c
        wanted = (
            sa.select(e.seq, e.kind, e.summary, e.before, e.after)
            .where(e.run_id == run_id, e.kind.in_(("decide", "undo", "redo")))
            .order_by(e.seq)
        )
        found = []
        with self.database.reading() as connection:
            for seq, kind, summary, before, after in connection.execute(wanted):
                olds, news = json.loads(before), json.loads(after)
                if isinstance(news, dict) and example_id in news:
                    old, new = _decision(olds[example_id]), _decision(news[example_id])
                    found.append(CurationEvent(seq, kind, summary, old, new))
        return found

    # -- inside one transaction --------------------------------------------------------------------------------------

    def _state(self, connection: sa.Connection, run_id: str) -> CurationState:
        """The saved state; never called after a change in the same transaction, which may yet fail."""
        c = tables.curation.c
        row = connection.execute(sa.select(c.rev, c.rules).where(c.run_id == run_id)).first()
        if row is None:
            return CurationState(curation=run_id)
        known = _CACHE.get(self._key(run_id))
        if known is None or known.rev != row.rev:
            known = self._remember(run_id, _read_state(connection, run_id, row.rev, row.rules))
        return known

    def _remember(self, run_id: str, state: CurationState) -> CurationState:
        """Keep what is on disk at this `rev`."""
        while len(_CACHE) >= _CACHED_RUNS:
            _CACHE.pop(next(iter(_CACHE)), None)
        _CACHE[self._key(run_id)] = state
        return state

    def _key(self, run_id: str) -> tuple[str, int, str]:
        return self.database.url, self.database.openings, run_id  # a file put in its place has revisions of its own

    def _is_new(self, connection: sa.Connection, run_id: str, token: str, expected_rev: int | None) -> bool:
        """False when the token was seen before; raises when the state has moved past `expected_rev`."""
        e, c = tables.event.c, tables.curation.c
        if connection.execute(sa.select(e.seq).where(e.run_id == run_id, e.token == token)).first():
            return False
        rev = connection.execute(sa.select(c.rev).where(c.run_id == run_id)).scalar()
        if rev is None:
            connection.execute(tables.curation.insert().values(run_id=run_id, rev=0))
        if expected_rev is not None and expected_rev != (rev or 0):
            raise RunError(
                "Changed in another tab: this click was not applied.", "Look at the new state, then decide again."
            )
        return True

    def _apply(
        self,
        connection: sa.Connection,
        run_id: str,
        token: str,
        kind: str,
        summary: str,
        before: Any,
        after: Any,
        *,
        change: str | None = None,
        target: int | None = None,
    ) -> None:
        _write_change(connection, run_id, change or kind, after)
        connection.execute(
            tables.event.insert().values(
                run_id=run_id,
                token=token,
                kind=kind,
                summary=summary,
                target=target,
                before=json.dumps(before),
                after=json.dumps(after),
            )
        )
        connection.execute(
            tables.curation.update().where(tables.curation.c.run_id == run_id).values(rev=tables.curation.c.rev + 1)
        )
        touch(connection, run_id.partition("#")[0])

    def _step(self, run_id: str, kind: str, token: str | None, expected_rev: int | None) -> CurationState:
        token = token or secrets.token_hex(8)
        with self.database.writing() as connection:
            if self._is_new(connection, run_id, token, expected_rev):
                standing, taken_back = _stacks(connection, run_id)
                stack = standing if kind == "undo" else taken_back
                if stack:
                    e = tables.event.c
                    past = connection.execute(sa.select(tables.event).where(e.seq == stack[-1])).one()
                    before, after = json.loads(past.before), json.loads(past.after)
                    old, new = (after, before) if kind == "undo" else (before, after)
                    self._apply(
                        connection,
                        run_id,
                        token,
                        kind,
                        f"{kind}: {past.summary}",
                        old,
                        new,
                        change=past.kind,
                        target=past.seq,
                    )
        return self.state(run_id)


def _stacks(connection: sa.Connection, run_id: str) -> tuple[list[int], list[int]]:
    """Sequence numbers of the changes that stand, and of those taken back, the latest last."""
    e = tables.event.c
    standing: list[int] = []
    taken_back: list[int] = []
    for seq, kind in connection.execute(sa.select(e.seq, e.kind).where(e.run_id == run_id).order_by(e.seq)):
        if kind == "undo":
            taken_back.append(standing.pop())
        elif kind == "redo":
            standing.append(taken_back.pop())
        else:
            standing.append(seq)
            taken_back.clear()
    return standing, taken_back


def _can_step(connection: sa.Connection, run_id: str) -> tuple[bool, bool]:
    """Whether `_stacks` has something standing, something taken back: counted, because a click waits for it.

    Each undo takes one back and each redo returns one; any other change clears what was taken back.
    """
    e = tables.event.c
    is_step = e.kind.in_(("undo", "redo"))
    last = sa.select(sa.func.max(e.seq)).where(e.run_id == run_id, ~is_step).scalar_subquery()
    worth = sa.case((e.kind == "undo", -1), else_=1)
    later = sa.case((is_step & (e.seq > last), -worth), else_=0)
    found = sa.select(sa.func.sum(worth), sa.func.sum(later)).where(e.run_id == run_id)
    standing, taken_back = connection.execute(found).one()
    return (standing or 0) > 0, (taken_back or 0) > 0


def _read_state(connection: sa.Connection, run_id: str, rev: int, rules: str | None) -> CurationState:
    d, s = tables.decision.c, tables.selection.c
    rows = connection.execute(
        sa.select(d.example_id, d.action, d.label, d.note, d.reviewed).where(d.run_id == run_id).order_by(d.example_id)
    )
    decisions = {row[0]: decision for row in rows if (decision := _decision(row[1:])) is not None}
    chosen = connection.execute(sa.select(s.name, s.ids).where(s.run_id == run_id).order_by(s.name))
    selections = {name: tuple(json.loads(ids)) for name, ids in chosen}
    can_undo, can_redo = _can_step(connection, run_id)
    return CurationState(
        rev,
        decisions,
        rules_from_json(json.loads(rules)) if rules else None,
        selections,
        can_undo,
        can_redo,
        curation=run_id,
    )


def _write_change(connection: sa.Connection, run_id: str, kind: str, after: Any) -> None:
    if kind == "decide":
        _write_decisions(connection, run_id, after)
    elif kind == "rules":
        connection.execute(
            tables.curation.update()
            .where(tables.curation.c.run_id == run_id)
            .values(rules=None if after is None else json.dumps(after))
        )
    else:
        for name, ids in after.items() if kind == "selections" else (after,):
            _write_selection(connection, run_id, name, ids)


def _write_selection(connection: sa.Connection, run_id: str, name: str, ids: list[str] | None) -> None:
    s = tables.selection.c
    connection.execute(tables.selection.delete().where(s.run_id == run_id, s.name == name))
    if ids:
        connection.execute(tables.selection.insert().values(run_id=run_id, name=name, ids=json.dumps(ids)))


def _write_decisions(connection: sa.Connection, run_id: str, after: dict[str, Any]) -> None:
    ids = list(after)
    for start in range(0, len(ids), _CHUNK):
        connection.execute(
            tables.decision.delete().where(
                tables.decision.c.run_id == run_id, tables.decision.c.example_id.in_(ids[start : start + _CHUNK])
            )
        )
    rows = [
        dict(run_id=run_id, example_id=i, action=r[0], label=r[1], note=r[2], reviewed=r[3])
        for i, r in after.items()
        if r is not None
    ]
    if rows:
        connection.execute(tables.decision.insert(), rows)


def _decisions(connection: sa.Connection, run_id: str, ids: list[str]) -> dict[str, Decision]:
    d = tables.decision.c
    found: dict[str, Decision] = {}
    for start in range(0, len(ids), _CHUNK):
        rows = connection.execute(
            sa.select(d.example_id, d.action, d.label, d.note, d.reviewed).where(
                d.run_id == run_id, d.example_id.in_(ids[start : start + _CHUNK])
            )
        )
        found |= {row[0]: decision for row in rows if (decision := _decision(row[1:])) is not None}
    return found


def _changed(
    old: Decision | None, action: Action | None, label: str | None, note: str | None, reviewed: bool | None
) -> Decision | None:
    old = old or Decision()
    new_action, new_label = old.action, old.label
    if action is Action.CLEAR:
        new_action, new_label = None, None
    elif action is not None and action is not Action.REVIEWED:
        new_action, new_label = action, label if action is Action.RELABEL else None
    mark = True if action is Action.REVIEWED and reviewed is None else reviewed
    changed = Decision(
        new_action, new_label, old.note if note is None else note, old.reviewed if mark is None else mark
    )
    return None if changed == Decision() else changed


def _row(decision: Decision | None) -> list[Any] | None:
    return None if decision is None else list(astuple(decision))


def _decision(row: Sequence[Any] | None) -> Decision | None:
    if row is None:
        return None
    action, label, note, reviewed = row
    return Decision(Action(action) if action else None, label, note or "", bool(reviewed))
