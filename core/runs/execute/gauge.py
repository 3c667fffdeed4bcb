"""Seconds and peak memory of each stage, written into run.json and told to the person."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SAMPLE_SECONDS = 0.05  # short enough for peaks within a stage of a second; one reading of /proc each


class Gauge:
    """Measures stages of this process; memory is the resident set, sampled by a thread."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_memory_mb: dict[str, float] = {}
        self._peak = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what happens inside; a stage met twice adds its seconds and keeps its highest peak."""
        over = threading.Event()
        self._peak = _resident_mb()
        watcher = threading.Thread(target=self._watch, args=(over,), daemon=True, name="memory gauge")
        started = time.perf_counter()
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            elapsed = time.perf_counter() - started
            self.seconds[name] = round(self.seconds.get(name, 0.0) + elapsed, 3)
            self.peak_memory_mb[name] = round(max(self.peak_memory_mb.get(name, 0.0), self._peak, _resident_mb()), 1)

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, _resident_mb())


def _resident_mb() -> float:
    import psutil

    return psutil.Process().memory_info().rss / 2**20
