"""Processes of our own: the same Python, the same `core`, and no module from the folder someone stands in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_CORE = Path(__file__).resolve().parents[2]


def python(*arguments: str) -> list[str]:
    """A command of this Python that does not look for modules in the current folder."""
    return [sys.executable, "-P", *arguments]


def environment(**more: str) -> dict[str, str]:
    """This process's environment and `more`; with `-P` the child still finds this very `core` and PYTHONPATH."""
    given = [os.path.abspath(part) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    if _CORE.name not in ("site-packages", "dist-packages"):  # a checkout; installed packages are found anyway
        given.insert(0, str(_CORE))
    return {**os.environ, **({"PYTHONPATH": os.pathsep.join(given)} if given else {}), **more}
