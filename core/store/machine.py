"""Which machine and which process this is: names that a clock set back, a restart or a reused number cannot forge."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_TICKS_FIELD = 19  # of what follows the name in /proc/PID/stat: start time in ticks since the machine was booted


def this_machine() -> str:
    """Its name and, where the system tells, its present boot: a monotonic clock means something within one alone."""
    return f"{platform.node()} {_boot()}".strip()


def same_boot(machine: str) -> bool:
    """Whether a machine named by `this_machine` shares our monotonic clock: we ourselves, or a container beside us."""
    return machine == this_machine() or bool(_boot() and machine.rpartition(" ")[2] == _boot())


def ended_with_its_boot(machine: str) -> bool:
    """Whether a machine named by `this_machine` is ours as it was before it was started again."""
    name, _, boot = machine.rpartition(" ")
    return name == platform.node() and boot != _boot()


def started_at(pid: int) -> float | None:
    """When a process began, in a unit of the machine's own that no one can set; None when there is none (a zombie)."""
    import psutil

    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if stat[0] in "ZX" else float(stat[_TICKS_FIELD])
    except (FileNotFoundError, ProcessLookupError):
        if _BOOT.exists():
            return None
    try:  # no /proc here: the start by the clock is all there is
        process = psutil.Process(pid)
        return None if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD) else process.create_time()
    except psutil.NoSuchProcess:
        return None


def own_process() -> dict[str, float | None]:
    """Number and start of this process: together they name it while the machine is up."""
    return {"pid": os.getpid(), "pid_started": started_at(os.getpid())}


@cache
def _boot() -> str:
    return _BOOT.read_text().strip() if _BOOT.exists() else ""
