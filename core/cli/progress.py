"""How slow work shows itself on a terminal: a bar for each stage, or plain lines for logs and pipes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from core.types.progress import Progress, SilentProgress
from core.types.terminal import escaped

if TYPE_CHECKING:
    from rich.progress import TaskID


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


@contextmanager
def shown_progress(quiet: bool) -> Iterator[Progress]:
    """Bars on a terminal, plain lines elsewhere, nothing when quiet; the terminal is left as it was."""
    progress: Progress = SilentProgress() if quiet else BarProgress() if sys.stderr.isatty() else PlainProgress()
    try:
        yield progress
    finally:
        progress.close()
