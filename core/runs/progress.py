"""Who listens to a run: a terminal, the database, a memory gauge. Each is a `Progress`; `Together` joins them."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

from core.types.errors import Cancelled, CurationError
from core.types.progress import Progress
from core.types.terminal import escaped

if TYPE_CHECKING:
    from rich.progress import TaskID

    from core.store.registry import RunRegistry

PULSE_SECONDS = 0.2  # how often the screen's row is refreshed: five writes a second at most
HEARTBEAT_SECONDS = 2.0  # with nothing new to tell
PATIENCE_SECONDS = 15.0  # a stage that cannot look at the wish to stop (UMAP) ends with its process after this


class Together:
    """Tells several listeners; the first that raises `Cancelled` stops the work."""

    def __init__(self, *listeners: Progress):
        self.listeners = listeners

    def stage(self, title: str, total: int) -> None:
        """A new piece of work, told to everyone."""
        for listener in self.listeners:
            listener.stage(title, total)

    def advance(self, steps: int = 1) -> None:
        """Steps done, told to everyone."""
        for listener in self.listeners:
            listener.advance(steps)

    def close(self) -> None:
        """Close every listener."""
        for listener in self.listeners:
            listener.close()


class PlainProgress:
    """One line when a stage begins and, in long stages, one every few seconds: for logs and pipes."""

    def __init__(self, out: TextIO | None = None, every_seconds: float = 5.0):
        self.out = out or sys.stderr
        self.every = every_seconds
        self._title, self._total, self._done, self._told = "", 0, 0, 0.0

    def stage(self, title: str, total: int) -> None:
        """Print the title."""
        self._title, self._total, self._done, self._told = title, total, 0, time.monotonic()
        print(escaped(title), file=self.out, flush=True)

    def advance(self, steps: int = 1) -> None:
        """Print how far, if the last line is old."""
        self._done += steps
        if time.monotonic() - self._told >= self.every:
            self._told = time.monotonic()
            print(escaped(f"{self._title}: {self._done} of {self._total}"), file=self.out, flush=True)

    def close(self) -> None:
        """Nothing stays open."""


class BarProgress:
    """A rich bar for each stage, on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self.bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task: TaskID | None = None

    def stage(self, title: str, total: int) -> None:
        """End the bar before and open the next."""
        self._finish()
        self.bars.start()
        self._task = self.bars.add_task(escaped(title), total=total or None)

    def advance(self, steps: int = 1) -> None:
        """Move the open bar."""
        if self._task is not None:
            self.bars.advance(self._task, steps)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._finish()
        self.bars.stop()

    def _finish(self) -> None:
        if self._task is not None:
            total = self.bars.tasks[-1].total or 1
            self.bars.update(self._task, total=total, completed=total)


class DatabaseProgress:
    """Heartbeat and progress into the run's row from a thread; `advance` only counts, and raises when asked to stop.

    ends_process: whether a stage that never looks is ended with its process, once the wish to stop has waited long
    enough. Every file is written atomically, so that loses nothing but the stage.
    """

    def __init__(self, registry: RunRegistry, run_id: str, ends_process: bool = False):
        self.registry, self.run_id, self.ends_process = registry, run_id, ends_process
        self._title, self._done, self._total, self._since = "", 0, 0, time.monotonic()
        self._told: tuple = ()
        self._told_at = 0.0
        self._stop_wanted: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="heartbeat")

    def __enter__(self) -> DatabaseProgress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the heartbeat."""
        self._over.set()
        self._thread.join(timeout=PATIENCE_SECONDS)

    def stage(self, title: str, total: int) -> None:
        """Tell the next heartbeat; a safe point to stop at, too."""
        self._raise_if_asked()
        self._title, self._done, self._total, self._since = title, 0, total, time.monotonic()

    def advance(self, steps: int = 1) -> None:
        """Count; raises `Cancelled` once someone asked to stop."""
        self._done += steps
        self._raise_if_asked()

    def _raise_if_asked(self) -> None:
        if self._stop_wanted is not None:
            self._stop_wanted = float("inf")  # heard
            raise Cancelled

    def _beat(self) -> None:
        while not self._over.wait(PULSE_SECONDS):
            try:
                self._tell()
            except CurationError:
                continue  # a busy or full disk must not end the work; the next beat tries again
            if self._stop_wanted and self.ends_process and time.monotonic() - self._stop_wanted > PATIENCE_SECONDS:
                os._exit(EXIT_CANCELLED)

    def _tell(self) -> None:
        now = (self._title, self._done, self._total)
        if now == self._told and time.monotonic() - self._told_at < HEARTBEAT_SECONDS:
            return
        wanted = self.registry.pulse(self.run_id, *now, self._seconds_left())
        self._told, self._told_at = now, time.monotonic()
        if wanted and self._stop_wanted is None:
            self._stop_wanted = time.monotonic()

    def _seconds_left(self) -> float | None:
        elapsed = time.monotonic() - self._since
        if not 0 < self._done <= self._total or elapsed < 1.0:
            return None
        return elapsed * (self._total - self._done) / self._done


EXIT_CANCELLED = 130  # what a shell shows after Ctrl-C


def terminal_progress(quiet: bool = False) -> Progress:
    """Bars on a terminal, plain lines elsewhere, nothing when quiet."""
    from core.types.progress import SilentProgress

    if quiet:
        return SilentProgress()
    return BarProgress() if sys.stderr.isatty() else PlainProgress()
