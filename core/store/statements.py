"""What the log of decisions asks of its tables and writes to them, inside one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import sqlalchemy as sa

from core.types.branches import CurationState
from core.types.curation import Action, Decision, rules_from_json

from . import tables

_CHUNK = 500  # ids in one SQL statement


def stacks(connection: sa.Connection, run_id: str) -> tuple[list[int], list[int]]:
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
    """Whether `stacks` has something standing, something taken back: counted, because a click waits for it.

    Each undo takes one back and each redo returns one; any other change clears what was taken back.
    """
    e = tables.event.c
    is_step = e.kind.in_(("undo", "redo"))
    last = sa.select(sa.func.max(e.seq)).where(e.run_id == run_id, ~is_step).scalar_subquery()
    worth = sa.case((e.kind == "undo", -1), else_=1)
    later = sa.case((is_step & (e.seq > last), -worth), else_=0)
    query = sa.select(sa.func.sum(worth), sa.func.sum(later)).where(e.run_id == run_id)
    standing, taken_back = connection.execute(query).one()
    return (standing or 0) > 0, (taken_back or 0) > 0


def read_state(connection: sa.Connection, run_id: str, rev: int, rules: str | None) -> CurationState:
    """Decisions, rules and selections of a run as its tables have them at revision `rev`."""
    d, s = tables.decision.c, tables.selection.c
    rows = connection.execute(
        sa.select(d.example_id, d.action, d.label, d.note, d.reviewed, d.sampled)
        .where(d.run_id == run_id)
        .order_by(d.example_id)
    )
    decisions = {row[0]: decision for row in rows if (decision := decision_of(row[1:])) is not None}
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


def write_change(connection: sa.Connection, run_id: str, kind: str, after: Any) -> None:
    """Put what a change leaves behind into the table of its kind: decide, rules, selection or selections."""
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
        dict(run_id=run_id, example_id=i, action=r[0], label=r[1], note=r[2], reviewed=r[3], sampled=any(r[4:]))
        for i, r in after.items()
        if r is not None
    ]
    if rows:
        connection.execute(tables.decision.insert(), rows)


def read_decisions(connection: sa.Connection, run_id: str, ids: list[str]) -> dict[str, Decision]:
    """id -> the decision, for those of the ids that have one."""
    d = tables.decision.c
    decisions: dict[str, Decision] = {}
    for start in range(0, len(ids), _CHUNK):
        rows = connection.execute(
            sa.select(d.example_id, d.action, d.label, d.note, d.reviewed, d.sampled).where(
                d.run_id == run_id, d.example_id.in_(ids[start : start + _CHUNK])
            )
        )
        decisions |= {row[0]: decision for row in rows if (decision := decision_of(row[1:])) is not None}
    return decisions


def row_of(decision: Decision | None) -> list[Any] | None:
    """A decision as an event keeps it, read back by `decision_of`."""
    return None if decision is None else list(astuple(decision))


def decision_of(row: Sequence[Any] | None) -> Decision | None:
    """The inverse of `row_of`."""
    if row is None:
        return None
    action, label, note, reviewed, *sampled = row  # events of store version 2 do not have the last
    return Decision(Action(action) if action else None, label, note or "", bool(reviewed), any(sampled))
