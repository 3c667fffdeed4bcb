"""Whether a run's process still works: by its number and start, and by the age of its heartbeat; never by the clock."""

from __future__ import annotations

import time
from typing import Any

from core.store.machine import ended_with_its_boot, same_boot, started_at, this_machine

SILENT_SECONDS = 60.0  # without a heartbeat, after which a run counts as stopped
_START_GRACE_SECONDS = 30.0  # a row may wait this long for its process to write down its number
_FIRST_SEEN: dict[str, tuple[int, float]] = {}  # run id -> (heartbeat of another machine, when it was first seen here)


def is_there(row: Any) -> bool:
    """Whether the very process that wrote the row is on this machine; it may be halted (SIGSTOP) all the same."""
    return row.host == this_machine() and row.pid is not None and started_at(row.pid) == row.pid_started


def is_alive(row: Any) -> bool:
    """Whether the run goes on: its process is there, as far as that can be told, and its heartbeat is recent."""
    age = heartbeat_age(row)
    if row.pid is None:
        return row.host == this_machine() and age is not None and age < _START_GRACE_SECONDS
    if ended_with_its_boot(row.host) or (row.host == this_machine() and not is_there(row)):
        return False
    return (silence(row) if age is None else age) < SILENT_SECONDS


def heartbeat_age(row: Any) -> float | None:
    """Seconds since the last heartbeat; None where the run's clock is not ours (another machine, before a restart)."""
    if row.beat_at is None or not same_boot(row.host):
        return None
    return max(0.0, time.monotonic() - row.beat_at)


def silence(row: Any) -> float:
    """Seconds that this process has watched the row without seeing a new heartbeat."""
    beat, since = _FIRST_SEEN.get(row.run_id, (None, 0.0))
    if beat != row.beat:
        since = time.monotonic()
        _FIRST_SEEN[row.run_id] = (row.beat, since)
    return time.monotonic() - since
