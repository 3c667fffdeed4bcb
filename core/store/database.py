"""What changes: run status, decisions, rules, events. SQLite in WAL mode, or a team's PostgreSQL by URL.

A change is one transaction that is on disk before the call returns: `synchronous=FULL`, `BEGIN IMMEDIATE`.
Set CHAFFINCH_DATABASE to a SQLAlchemy URL to share one database among several machines.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.types.errors import RunError

from . import tables
from .recovery import recover
from .workspace import made, network_file_system, workspace_root

FILE_NAME = "workspace.sqlite"
BUSY_SECONDS = 10  # a write takes milliseconds: whoever holds the file longer than that has hung


def database() -> Database:
    """The database of this workspace, made on first use."""
    return _opened(os.environ.get("CHAFFINCH_DATABASE") or f"sqlite:///{workspace_root() / FILE_NAME}")


@lru_cache(maxsize=8)
def _opened(url: str) -> Database:
    return Database(url)


class Database:
    """Transactions on one database; its errors are `RunError`s that say what to do."""

    def __init__(self, url: str):
        self.url = url
        self.file = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None
        self.engine = self._sqlite() if self.file else self._server()
        self._ready, self.openings = False, 0
        self._made: tuple[int, int] | None = None

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction that may change things; committed, synced, or not there at all."""
        self._prepare()
        with self._in_words(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A consistent read that blocks no writer."""
        self._prepare()
        with self._in_words(), self.engine.connect().execution_options(reading=True) as connection, connection.begin():
            yield connection

    def _prepare(self) -> None:
        if self._ready and self._made == self._identity():
            return
        self.engine.dispose()  # its connections are to a file that was moved away, or not there yet
        if self.file is not None:
            made(self.file.parent)
            _refuse_network(self.file.parent)
        with self._in_words(), self.engine.begin() as connection:
            self._check_version(connection)
        self._ready, self._made = True, self._identity()
        self.openings += 1

    def _identity(self) -> tuple[int, int] | None:
        """Which file the path leads to; None for a server, and for a file that is gone."""
        try:
            about = None if self.file is None else os.stat(self.file)
        except FileNotFoundError:
            return None
        return None if about is None else (about.st_dev, about.st_ino)

    def _check_version(self, connection: sa.Connection) -> None:
        tables.metadata.create_all(connection)
        version = connection.execute(sa.select(tables.meta.c.value).where(tables.meta.c.key == "version")).scalar()
        if version is None:
            connection.execute(tables.meta.insert().values(key="version", value=str(tables.VERSION)))
        elif int(version) > tables.VERSION:
            raise RunError(
                "The workspace database was made by a newer version of Chaffinch "
                f"(store {version}, this one reads {tables.VERSION}).",
                "Update Chaffinch, or set CHAFFINCH_HOME to another folder.",
            )
        elif int(version) < tables.VERSION:  # 1 -> 2 only added tables, which stand by now
            tables.add_sampled(connection)
            meta = tables.meta
            connection.execute(meta.update().where(meta.c.key == "version").values(value=str(tables.VERSION)))

    def _sqlite(self) -> sa.Engine:
        engine = sa.create_engine(self.url, connect_args={"timeout": BUSY_SECONDS})
        sa.event.listen(engine, "connect", _configure)
        sa.event.listen(engine, "begin", _begin)
        return engine

    def _server(self) -> sa.Engine:
        try:
            return sa.create_engine(self.url, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise RunError(
                f"CHAFFINCH_DATABASE needs the Python package {error.name}.", f"pip install {error.name}"
            ) from error
        except sa.exc.ArgumentError as error:
            raise RunError(
                "CHAFFINCH_DATABASE is not a database URL.",
                "Write it like postgresql+psycopg://user@host/name, or unset it.",
            ) from error

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise self._worded(str(error.orig)) from error

    def _worded(self, said: str) -> RunError:
        low = said.lower()
        if "malformed" in low or "not a database" in low:
            return RunError(f"The workspace database {self.file} is damaged ({said}).", recover(self.file, self.url))
        if "full" in low:
            return RunError("The disk is full: this change was not saved.", "Make room, then do it again.")
        if "readonly" in low or "read-only" in low or "unable to open" in low:
            return RunError(
                f"The workspace database {self.file} cannot be written: {said}.",
                "Make its folder writable, or set CHAFFINCH_HOME to another folder.",
            )
        if "locked" in low or "busy" in low:
            return RunError(
                f"The workspace database was busy for {BUSY_SECONDS} s: this change was not saved.",
                "Try again; if it stays so, look for a program that holds the file.",
            )
        return RunError(f"The workspace database answered: {said}.", "Nothing was changed. Try again.")


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would start transactions by itself, and not IMMEDIATE ones
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except connection.OperationalError as error:  # the switch to WAL does not wait for the busy timeout
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _refuse_network(folder: Path) -> None:
    kind = network_file_system(folder)
    if kind:
        raise RunError(
            f"{folder} is on a network file system ({kind}), where SQLite loses writes.",
            "Set CHAFFINCH_HOME to a local folder, or CHAFFINCH_DATABASE to a postgresql+psycopg:// URL.",
        )
