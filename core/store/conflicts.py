"""Two tabs at once: a click is refused where it would override what its tab had not shown, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.types.errors import RunError

from . import tables

_STEPS = ("undo", "redo")


@dataclass(frozen=True)
class LoggedChange:
    """One saved change. kind: what was changed, also by the undo or redo of it: decide | rules | selection(s)."""

    kind: str
    after: Any


def refuse_conflict(
    connection: sa.Connection,
    run_id: str,
    token: str,
    rev: int,
    expected_rev: int,
    meets: Callable[[LoggedChange], bool],
) -> None:
    """Raise `RunError` when another tab made a change that `meets` this one between `expected_rev` and now, `rev`.

    A token "<tab>:<anything>" names its tab: what a tab did itself is known to it. Only later events are read.
    """
    if rev < expected_rev:
        raise RunError(
            f"The workspace database has {rev} changes of this run, fewer than the {expected_rev} that were shown.",
            "It was emptied or replaced: bring it back from a backup, or load the page again to go on with this one.",
        )
    if rev > expected_rev and any(map(meets, _since(connection, run_id, rev - expected_rev, token))):
        raise RunError(
            "Changed in another tab: this click was not applied.", "Look at the new state, then decide again."
        )


def touches(ids: list[str]) -> Callable[[LoggedChange], bool]:
    """Whether a change decided on one of these examples."""
    own = frozenset(ids)
    return lambda change: change.kind == "decide" and not own.isdisjoint(change.after)


def _since(connection: sa.Connection, run_id: str, count: int, token: str) -> Iterator[LoggedChange]:
    """The last `count` changes that other tabs made, the latest first."""
    e, about = tables.event.c, tables.event.alias()
    query = (
        sa.select(e.kind, about.c.kind.label("of"), e.token, e.after)
        .select_from(tables.event.outerjoin(about, e.target == about.c.seq))
        .where(e.run_id == run_id)
        .order_by(e.seq.desc())
        .limit(count)
    )
    tab, is_named, _ = token.partition(":")
    for row in connection.execute(query):
        if not (is_named and row.token.startswith(f"{tab}:")):
            yield LoggedChange(row.of if row.kind in _STEPS else row.kind, json.loads(row.after))
