"""A damaged workspace database: what can still be read goes into a copy; the original is never touched."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from . import tables


def recover(damaged: Path | None, url: str) -> str:
    """Copy every readable row into `<name>.recovered.sqlite` beside the file; returns what to do next, in words."""
    if damaged is None:
        return f"Ask whoever runs the database server ({sa.make_url(url).host})."
    copy = damaged.with_name(f"{damaged.stem}.recovered{damaged.suffix}")
    copy.unlink(missing_ok=True)
    engine = sa.create_engine(f"sqlite:///{copy}", poolclass=NullPool)
    tables.metadata.create_all(engine)
    counts = {table.name: _copy_table(damaged, engine, table) for table in tables.metadata.sorted_tables}
    found = f"{counts['run']} runs, {counts['decision']} decisions, {counts['event']} events"
    return f"What could be read ({found}) is in {copy.name}; the original is kept. Move the copy in its place to go on."


def _copy_table(damaged: Path, engine: sa.Engine, table: sa.Table) -> int:
    """Rows read before the damage was met, oldest first."""
    columns = [column.name for column in table.columns]
    rows: list[dict] = []
    try:
        with closing(sqlite3.connect(f"file:{damaged}?mode=ro", uri=True)) as source:
            for row in source.execute(f"SELECT {', '.join(columns)} FROM {table.name}"):  # noqa: S608 our own names
                rows.append(dict(zip(columns, row, strict=True)))
    except sqlite3.DatabaseError:
        pass  # the damage: what was read up to here is kept, the count tells the person
    if rows:
        with engine.begin() as connection:
            connection.execute(sa.insert(table).prefix_with("OR IGNORE"), rows)
    return len(rows)
