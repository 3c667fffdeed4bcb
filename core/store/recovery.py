"""A damaged workspace database: what can still be read goes into a copy; the original is never touched."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from . import tables


def recover(damaged: Path | None, url: str) -> str:
    """Copy every readable row into `<name>.recovered.sqlite` next to the file; returns what to do next."""
    if damaged is None:
        return f"Ask whoever runs the database server ({sa.make_url(url).host})."
    copy = damaged.with_name(f"{damaged.stem}.recovered{damaged.suffix}")
    copy.unlink(missing_ok=True)
    engine = sa.create_engine(f"sqlite:///{copy}", poolclass=NullPool)
    tables.metadata.create_all(engine)
    counts = {table.name: _copy_table(damaged, engine, table) for table in tables.metadata.sorted_tables}
    _count_changes(engine)
    saved = f"{counts['run']} runs, {counts['decision']} decisions, {counts['event']} events"
    return f"What could be read ({saved}) is in {copy.name}; the original is kept. Move the copy in its place to go on."


def _count_changes(engine: sa.Engine) -> None:
    """A curation whose own row was lost has as many changes as it has events: without the row none would be shown."""
    e, c = tables.event.c, tables.curation.c
    lost = sa.select(e.run_id, sa.func.count()).where(e.run_id.not_in(sa.select(c.run_id))).group_by(e.run_id)
    with engine.begin() as connection:
        connection.execute(tables.curation.insert().from_select(["run_id", "rev"], lost))


def _copy_table(damaged: Path, engine: sa.Engine, table: sa.Table) -> int:
    """Rows read before the damage was met, oldest first."""
    columns = {column.name for column in table.columns}
    rows: list[dict] = []
    try:
        with closing(sqlite3.connect(f"file:{damaged}?mode=ro", uri=True)) as source:
            cursor = source.execute(f"SELECT * FROM {table.name}")  # an older store has fewer columns
            names = [about[0] for about in cursor.description]
            for row in cursor:
                rows.append({name: value for name, value in zip(names, row, strict=True) if name in columns})
    except sqlite3.DatabaseError:
        pass  # the damage: what was read up to here is kept, the count tells the person
    if rows:
        with engine.begin() as connection:
            connection.execute(sa.insert(table).prefix_with("OR IGNORE"), rows)
    return len(rows)
