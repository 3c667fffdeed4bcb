"""The run rows of the database: state, progress, heartbeat, request to cancel. Order by sequence, never by clock."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.types.errors import RunError
from core.types.runs import RunState

from . import tables
from .database import Database
from .machine import this_machine

_c = tables.run.c


class RunRegistry:
    """Reads and writes the rows; whether a process is alive is not its business (see runs/watch/launch.py)."""

    def __init__(self, database: Database):
        self.database = database

    def register(self, run_id: str, path: Path, **facts: Any) -> None:
        """Make or refresh a row: a run that this workspace should list. Clears an old request to cancel."""
        row = {"path": str(Path(path).absolute()), "cancel": False, "host": this_machine(), **facts}
        with self.database.writing() as connection:
            row |= _now(connection)
            if connection.execute(tables.run.update().where(_c.run_id == run_id).values(row)).rowcount == 0:
                connection.execute(
                    tables.run.insert().values(run_id=run_id, **{"state": RunState.WAITING.value, **row})
                )

    def settle(self, run_id: str, state: RunState, message: str = "") -> None:
        """Write down how a run stands; a final state also ends its progress."""
        with self.database.writing() as connection:
            connection.execute(
                tables.run.update()
                .where(_c.run_id == run_id)
                .values(state=state.value, message=message, seconds_left=None, **_now(connection))
            )

    def mark_dead(self, run_id: str, beat: int, message: str) -> None:
        """A process is gone: STOPPED, unless it wrote something after the heartbeat that was looked at."""
        with self.database.writing() as connection:
            connection.execute(
                tables.run.update()
                .where(
                    _c.run_id == run_id,
                    _c.beat == beat,
                    _c.state.in_([state.value for state in RunState if state.is_busy]),
                )
                .values(state=RunState.STOPPED.value, message=message, **_now(connection))
            )

    def forget_folder(self, path: Path) -> None:
        """Take the runs off the list that were in a folder; their decisions stay."""
        with self.database.writing() as connection:
            connection.execute(tables.run.delete().where(_c.path == str(Path(path).absolute())))

    def forget(self, run_id: str) -> None:
        """Take a run off the list; its decisions stay."""
        with self.database.writing() as connection:
            connection.execute(tables.run.delete().where(_c.run_id == run_id))

    def pulse(self, run_id: str, stage: str, done: int, total: int, seconds_left: float | None) -> bool:
        """One heartbeat with the progress folded in; returns whether someone asked the run to stop."""
        with self.database.writing() as connection:
            connection.execute(
                tables.run.update()
                .where(_c.run_id == run_id)
                .values(
                    stage=stage,
                    done=done,
                    total=total,
                    seconds_left=seconds_left,
                    beat=_c.beat + 1,
                    beat_at=time.monotonic(),
                    # taken for dead while it was halted: it goes on
                    state=sa.case((_c.state == RunState.STOPPED.value, RunState.RUNNING.value), else_=_c.state),
                )
            )
            return bool(connection.execute(sa.select(_c.cancel).where(_c.run_id == run_id)).scalar())

    def ask_to_stop(self, run_id: str) -> None:
        """Raise the flag that the run's next heartbeat sees."""
        with self.database.writing() as connection:
            connection.execute(tables.run.update().where(_c.run_id == run_id).values(cancel=True))

    def row(self, run_id: str) -> Any:
        """The row of a run; `RunError` when this workspace does not know it."""
        with self.database.reading() as connection:
            row = connection.execute(sa.select(tables.run).where(_c.run_id == run_id)).first()
        if row is None:
            raise RunError(
                f"This workspace knows no run {run_id[:120]!r}.",
                "Start, on the screen, lists the runs it knows; so does python -m core status.",
            )
        return row

    def rows(self) -> list[Any]:
        """Every row, the last changed first."""
        with self.database.reading() as connection:
            return list(connection.execute(sa.select(tables.run).order_by(_c.changed_seq.desc())))


def touch(connection: sa.Connection, run_id: str) -> None:
    """A decision on a run makes it the last changed one."""
    connection.execute(tables.run.update().where(_c.run_id == run_id).values(_now(connection)))


def _now(connection: sa.Connection) -> dict[str, Any]:
    last = connection.execute(sa.select(sa.func.max(_c.changed_seq))).scalar() or 0
    return {"changed_seq": last + 1, "changed_at": time.time()}
