"""The row in the database that lives as long as the work it stands for: a run, a check or a self-test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.store import run_registry
from core.store.machine import own_process
from core.types.errors import Cancelled, CurationError
from core.types.progress import Progress
from core.types.runs import RunState

from .launch import refuse_second
from .progress import DatabaseProgress, Together


@dataclass(frozen=True)
class Ending:
    """What a row says once the work is over."""

    state: RunState = RunState.FAILED
    message: str = "It stopped without saying why."


def ending_of(error: BaseException | None, cancelled: str) -> Ending:
    """How work ended that raised `error`, None for nothing; cancelled: what is said when someone asked it to stop."""
    if error is None:
        return Ending(RunState.FINISHED, "")
    if isinstance(error, (Cancelled, KeyboardInterrupt)):
        return Ending(RunState.CANCELLED, cancelled)
    if isinstance(error, CurationError):
        return Ending(message=" ".join(error.lines().splitlines()))
    return Ending()


@contextmanager
def live_row(
    run_id: str,
    folder: Path,
    what: str,
    progress: Progress,
    ended: Callable[[BaseException | None], Ending],
    ends_process: bool = False,
    **facts: Any,
) -> Iterator[Progress]:
    """Heartbeat and progress in the database during the work inside, which reports to the progress that is yielded.

    what: names the work where another process is at it, which is refused (`RunError`). ended: gets what was raised,
    None for nothing, and says how the row stands afterwards. facts: further columns of the row. ends_process: as
    `DatabaseProgress` has it. Raises `Cancelled` from the progress once someone asked to stop.
    """
    registry, ending = run_registry(), Ending()
    refuse_second(run_id, what)
    registry.register(run_id, folder, **{"state": RunState.RUNNING.value, "message": "", **own_process(), **facts})
    try:
        with DatabaseProgress(registry, run_id, ends_process) as heartbeat:
            yield Together(progress, heartbeat)
        ending = ended(None)
    except BaseException as error:
        ending = ended(error)
        raise
    finally:
        registry.settle(run_id, ending.state, ending.message)
