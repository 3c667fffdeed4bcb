"""Branches of a curation: named copies of decisions, rules and selections that go on by themselves."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.types.branches import MAIN, Branch
from core.types.errors import RunError

from . import tables
from .database import Database

_LONGEST = 80  # characters: one line of a menu, and a folder's name on every file system
_b = tables.branch.c


class Branches:
    """The branches of every run in one database. None is ever deleted: `remove` hides, `restore` brings back."""

    def __init__(self, database: Database):
        self.database = database

    def names(self, run_id: str, removed: bool = False) -> tuple[Branch, ...]:
        """Those there are, "main" first, the others by age; or those that were removed."""
        with self.database.reading() as connection:
            branches = [_branch(row) for row in _rows(connection, run_id, removed)]
        return tuple(branches) if removed else (Branch(MAIN, run_id), *branches)

    def curation(self, run_id: str, name: str) -> str:
        """The key of a branch in the decision log; `RunError` lists the branches there are."""
        if name == MAIN:
            return run_id
        with self.database.reading() as connection:
            return _found(connection, run_id, name).curation

    def make(self, run_id: str, name: str, origin: str, *, token: str) -> Branch:
        """Copy everything decided in `origin`, with its history, under a new name. A token counts once."""
        name = _checked(name)
        with self.database.writing() as connection:
            again = connection.execute(sa.select(tables.branch).where(_b.run_id == run_id, _b.token == token)).first()
            if again is not None:
                return _branch(again)
            _refuse_taken(connection, run_id, name)
            source = run_id if origin == MAIN else _found(connection, run_id, origin).curation
            connection.execute(
                tables.branch.insert().values(run_id=run_id, name=name, origin=origin, token=token, removed=False)
            )
            made = _found(connection, run_id, name)
            for table in (tables.curation, tables.decision, tables.selection, tables.event):
                _copy(connection, table, source, made.curation)
            _remember(connection, run_id, made.curation)
        return made

    def rename(self, run_id: str, name: str, to: str) -> Branch:
        """Another name for the same branch; "main" keeps its own."""
        to = _checked(to)
        with self.database.writing() as connection:
            number = _number(connection, run_id, name)
            if to != name:
                _refuse_taken(connection, run_id, to, number)
            connection.execute(tables.branch.update().where(_b.number == number).values(name=to))
            return _found(connection, run_id, to)

    def remove(self, run_id: str, name: str) -> None:
        """Take a branch off the list; what was decided in it stays on disk."""
        with self.database.writing() as connection:
            number = _number(connection, run_id, name)
            connection.execute(tables.branch.update().where(_b.number == number).values(removed=True))
            if _last(connection, run_id) == MAIN:  # it was this one
                _remember(connection, run_id, run_id)

    def restore(self, run_id: str, curation: str) -> Branch:
        """Bring back a removed branch; raises `RunError` when its name was taken meanwhile."""
        with self.database.writing() as connection:
            row = next((r for r in _rows(connection, run_id, True) if _branch(r).curation == curation), None)
            if row is None:
                raise RunError("That branch is not among the removed ones.", "Look at the list again.")
            _refuse_taken(connection, run_id, row.name)
            connection.execute(tables.branch.update().where(_b.number == row.number).values(removed=False))
            return _branch(row)

    def last(self, run_id: str) -> str:
        """The branch that was worked in last, "main" at first."""
        with self.database.reading() as connection:
            return _last(connection, run_id)

    def remember(self, run_id: str, name: str) -> None:
        """This branch is now the one worked in."""
        with self.database.writing() as connection:
            _remember(connection, run_id, run_id if name == MAIN else _found(connection, run_id, name).curation)


def _branch(row: Any) -> Branch:
    return Branch(row.name, f"{row.run_id}#{row.number}", row.origin)


def _rows(connection: sa.Connection, run_id: str, removed: bool = False) -> list[Any]:
    query = sa.select(tables.branch).where(_b.run_id == run_id, _b.removed == removed).order_by(_b.number)
    return list(connection.execute(query))


def _found(connection: sa.Connection, run_id: str, name: str) -> Branch:
    there = {row.name: _branch(row) for row in _rows(connection, run_id)}
    if name not in there:
        raise RunError(
            f"This run has no branch {name!r}.",
            f"Its branches: {', '.join((MAIN, *there))}. One may have been renamed.",
        )
    return there[name]


def _number(connection: sa.Connection, run_id: str, name: str) -> int:
    if name == MAIN:
        raise RunError("The first branch keeps its name and its place.", "Make another branch from it instead.")
    return int(_found(connection, run_id, name).curation.rpartition("#")[2])


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST:
        raise RunError(f"A branch needs a name of 1 to {_LONGEST} characters.", "Give a shorter one.")
    return name


def _refuse_taken(connection: sa.Connection, run_id: str, name: str, but: int | None = None) -> None:
    taken = {MAIN, *(row.name.casefold() for row in _rows(connection, run_id) if row.number != but)}
    if name.casefold() in taken:
        raise RunError(f"There is a branch {name!r} already.", "Choose another name, or switch to that branch.")


def _copy(connection: sa.Connection, table: sa.Table, source: str, to: str) -> None:
    """All rows of one curation under the key of another. Events get new numbers, in the same order."""
    columns = [c for c in table.columns if c.name not in ("run_id", "seq")]
    rows = sa.select(sa.literal(to), *columns).where(table.c.run_id == source)
    if "seq" in table.c:
        rows = rows.order_by(table.c.seq)
    connection.execute(table.insert().from_select(["run_id", *(c.name for c in columns)], rows))


def _last(connection: sa.Connection, run_id: str) -> str:
    last = tables.last_branch.c
    curation = connection.execute(sa.select(last.curation).where(last.run_id == run_id)).scalar()
    there = {branch.curation: branch.name for branch in map(_branch, _rows(connection, run_id))}
    return there.get(str(curation), MAIN)


def _remember(connection: sa.Connection, run_id: str, curation: str) -> None:
    connection.execute(tables.last_branch.delete().where(tables.last_branch.c.run_id == run_id))
    connection.execute(tables.last_branch.insert().values(run_id=run_id, curation=curation))
