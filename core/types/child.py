"""Processes of our own: the same Python, the same `core`, and no module from the folder someone stands in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Threads of OpenMP that wait for each other in a loop take the time from whoever has work: a job slows down several
# times beside another busy process. What a person has set counts.
_PATIENT = {"GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
_CORE = Path(__file__).resolve().parents[2]


def python(*arguments: str) -> list[str]:
    """A command of this Python that does not look for modules in the current folder."""
    return [sys.executable, "-P", *arguments]


def environment(**more: str) -> dict[str, str]:
    """This process's environment and `more`; with `-P` the child still finds this very `core` and PYTHONPATH."""
    inherited = [os.path.abspath(part) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    if _CORE.name not in ("site-packages", "dist-packages"):  # a checkout; installed packages are found anyway
        inherited.insert(0, str(_CORE))
    return {**_PATIENT, **os.environ, **({"PYTHONPATH": os.pathsep.join(inherited)} if inherited else {}), **more}


def wait_without_spinning() -> None:
    """The same for this very process; only before torch or scikit-learn is imported does it count."""
    for name, value in _PATIENT.items():
        os.environ.setdefault(name, value)
