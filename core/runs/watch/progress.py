"""Who listens to a run: the database, and several listeners at once. Each is a `Progress`."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from core.types.errors import Cancelled, CurationError
from core.types.progress import Progress

if TYPE_CHECKING:
    from core.store.registry import RunRegistry

PULSE_SECONDS = 0.2  # how often the screen's row is refreshed: five writes a second at most
HEARTBEAT_SECONDS = 2.0  # with nothing new to tell
PATIENCE_SECONDS = 15.0  # a stage that cannot look at the request to stop (UMAP) ends with its process after this


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


class DatabaseProgress:
    """Heartbeat and progress into the run's row from a thread; `advance` only counts, and raises when asked to stop.

    ends_process: whether a stage that never looks is ended with its process, once the request to stop has waited long
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
            self._stop_wanted = float("inf")  # the request has been seen
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
        stop = self.registry.pulse(self.run_id, *now, self._seconds_left())
        self._told, self._told_at = now, time.monotonic()
        if stop and self._stop_wanted is None:
            self._stop_wanted = time.monotonic()

    def _seconds_left(self) -> float | None:
        elapsed = time.monotonic() - self._since
        if not 0 < self._done <= self._total or elapsed < 1.0:
            return None
        return elapsed * (self._total - self._done) / self._done


EXIT_CANCELLED = 130  # what a shell shows after Ctrl-C
