"""Nothing that is pressed is lost: ten sessions on one run, and "Explore it" again and again beside two busy loops.

    python -m tests.benchmarks.dashboard_clicks                              # 10 sessions for 120 s, 500 presses
    python -m tests.benchmarks.dashboard_clicks --sessions 3 --seconds 10 --presses 50

Prints runs, decisions, refused clicks by whose row they were on, dead pages, and how many presses arrived.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_FOLDER = str(Path(__file__).resolve().parents[1] / "browser")


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """So many processes that never rest."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; exit code 1 when a press was lost, a page died, or a session was refused its own row."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.dashboard_clicks", description=__doc__)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--presses", type=int, default=500)
    parser.add_argument("--loops", type=int, default=2)
    asked = parser.parse_args(arguments)
    sys.path.insert(0, _FOLDER)
    from clicking import click_together, explore_it
    from pages import server

    with tempfile.TemporaryDirectory() as name, server(Path(name) / "home", Path(name)) as address:
        found = click_together(address, asked.sessions, asked.seconds)
        print(
            f"{asked.sessions} sessions, {asked.seconds:g} s: {found.runs:,} runs, decisions {dict(found.decided)}, "
            f"refused {dict(found.refused)}, dead pages {len(found.dead)}",
            flush=True,
        )
        print(*found.dead[:3], *found.said[:3], sep="\n", flush=True)
        began = time.monotonic()
        with busy_loops(asked.loops):
            arrived = explore_it(address, asked.presses)
        print(
            f'{asked.presses} presses of "Explore it" beside {asked.loops} busy loops: {arrived} arrived '
            f"({time.monotonic() - began:.0f} s)"
        )
    return int(bool(found.dead) or found.refused["own"] > 0 or arrived < asked.presses)


if __name__ == "__main__":
    raise SystemExit(main())
