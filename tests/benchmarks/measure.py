"""How the benchmarks measure: pieces of work in alternation, memory in a process of its own, and how results are kept.

All pieces of one comparison run once per round, first one way round and then the other, so that a machine that slows
down or a cache that fills meets all alike. A ratio is taken within each round; its median is what is quoted.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).resolve().parent / "results"
Work = Callable[[], object]
_VERSIONS = ("numpy", "scipy", "torch", "scikit-learn", "captum", "cleanlab", "shap")
_MEGABYTE = 2**20


@dataclass(frozen=True)
class Timing:
    """Seconds of each repeat in the order of the rounds: by the clock on the wall, and of all cores together."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    def figures(self) -> dict[str, float]:
        """{wall_min, wall, wall_max, cpu} in seconds; `wall` and `cpu` are medians."""
        return {
            "wall_min": min(self.wall),
            "wall": median(self.wall),
            "wall_max": max(self.wall),
            "cpu": median(self.cpu),
        }


@dataclass(frozen=True)
class Ratio:
    """How many times as long one piece of work takes as another: within each round, then over rounds."""

    low: float
    median: float
    high: float
    cpu: float

    def text(self) -> str:
        """median (min to max)."""
        return f"{self.median:.3g} ({self.low:.3g} to {self.high:.3g})"


def time_once(work: Work) -> tuple[float, float]:
    """(wall, CPU) seconds of one call; garbage is collected before, not during."""
    gc.collect()
    gc.disable()
    try:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        return time.perf_counter() - wall, time.process_time() - cpu
    finally:
        gc.enable()


def alternate(
    works: Mapping[str, Work], rounds: int = 5, warm_up: int = 1, most_seconds: float = math.inf, least: int = 2
) -> dict[str, Timing]:
    """Run every piece once per round, every other round in reverse; `warm_up` rounds are run and forgotten.

    No round begins after `most_seconds` of wall time, warm-up included, once `least` rounds are done.
    """
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    began = time.perf_counter()
    for turn in range(warm_up + rounds):
        if turn - warm_up >= least and time.perf_counter() - began > most_seconds:
            break
        for name in list(works) if turn % 2 else list(works)[::-1]:
            spent = time_once(works[name])
            if turn >= warm_up:
                seen[name].append(spent)
    return {name: Timing(tuple(w for w, _ in s), tuple(c for _, c in s)) for name, s in seen.items()}


def ratio(one: Timing, other: Timing) -> Ratio:
    """`one` over `other`, round by round; both from the same call of `alternate`."""
    walls = [a / b for a, b in zip(one.wall, other.wall, strict=True)]
    cpus = [a / max(b, 1e-9) for a, b in zip(one.cpu, other.cpu, strict=True)]
    return Ratio(min(walls), median(walls), max(walls), median(cpus))


def summed(*parts: Timing) -> Timing:
    """The pieces one after the other, round by round: a limit that is made of several bare passes."""
    return Timing(
        tuple(map(sum, zip(*(p.wall for p in parts), strict=True))),
        tuple(map(sum, zip(*(p.cpu for p in parts), strict=True))),
    )


def best_batch(run: Callable[[int], object], sizes: Sequence[int], repeats: int = 3) -> int:
    """The batch size at which `run` is fastest, each tried `repeats` times: a bare pass deserves its own best."""
    run(sizes[0])
    tried = {size: min(time_once(lambda size=size: run(size))[0] for _ in range(repeats)) for size in sizes}
    return min(tried, key=lambda size: tried[size])


def growth(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The exponent p of seconds = c * size^p, fitted in logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def peak_megabytes(setup: str, **arguments: Any) -> float:
    """Peak memory of a call over the memory before it, in MB of 2^20, in a fresh process.

    setup: "module:function" of a function that takes `arguments` (JSON) and returns the call to measure.
    """
    code = "from tests.benchmarks.measure import _measure_here; _measure_here()"
    given = json.dumps({"setup": setup, "arguments": arguments})
    done = subprocess.run([sys.executable, "-c", code], input=given, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{setup}: {done.stderr.strip().splitlines()[-1:]}")
    return float(json.loads(done.stdout.strip().splitlines()[-1])["megabytes"])


def _measure_here() -> None:
    asked = json.loads(sys.stdin.read())
    module, function = asked["setup"].split(":")
    work = getattr(importlib.import_module(module), function)(**asked["arguments"])
    print(json.dumps({"megabytes": peak_over_before(work) / _MEGABYTE}))


def peak_over_before(work: Work) -> int:
    """Bytes by which the resident memory of this process rose at most during `work`.

    On Linux the kernel's own high-water mark is reset and read; elsewhere a thread looks every millisecond.
    """
    gc.collect()
    before, reset = psutil.Process().memory_info().rss, _reset_high_water()
    if reset:
        work()
        return max(0, _high_water() - before)
    highest, done = [before], threading.Event()

    def watch() -> None:
        process = psutil.Process()
        while not done.wait(0.001):
            highest[0] = max(highest[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    work()
    done.set()
    watcher.join()
    return highest[0] - before


def _reset_high_water() -> bool:
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
        return True
    return False


def _high_water() -> int:
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def set_threads(count: int) -> int:
    """Use `count` threads everywhere (0: as many as torch takes by itself); returns how many."""
    import torch
    from threadpoolctl import threadpool_limits

    if count:
        torch.set_num_threads(count)
    threadpool_limits(limits=torch.get_num_threads())
    return torch.get_num_threads()


def environment(packages: Sequence[str] = ()) -> dict[str, Any]:
    """What a figure depends on: versions, processor, threads, and how busy the machine was."""
    import torch

    versions = {name: version(name) for name in (*_VERSIONS, *packages)}
    return {
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": {name: found for name, found in versions.items() if found},
    }


def version(package: str) -> str | None:
    """The installed version, or None."""
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)
    return None


def _processor() -> str:
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return platform.processor() or platform.machine()


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def keep(name: str, figures: Mapping[str, Any], table: str) -> Path:
    """Write results/<name>.json and results/<name>.md; returns the JSON's path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(table, encoding="utf-8")
    return path


def kept(name: str) -> dict[str, Any]:
    """The figures of the last `keep`."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
