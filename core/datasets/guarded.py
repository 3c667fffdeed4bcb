"""Try a stranger's file in a child process first: whatever it does to the child, the dashboard lives on.

The child loads the source under limits on memory and processor time and answers with one line of JSON. Nothing it made
is taken over; the caller then loads the source itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from core.types.errors import CurationError, DataError
from core.types.examples import Roles

from .files import GIGABYTE
from .sources import load_examples

MEMORY = 8 * GIGABYTE  # address space, most of it never touched: libraries alone reserve about 2 GB
SECONDS = 120


class UnsafeFileError(DataError):
    """The child that read the file crashed, hung, or wanted more memory than it is allowed."""


def check_in_child(
    source: str | Path,
    modality: str | None = None,
    roles: Roles = Roles(),
    *,
    labels: str | Path | None = None,
    cache: Path | None = None,
    seconds: int = SECONDS,
    memory: int = MEMORY,
) -> None:
    """Return if the source loads; else `DataError` in the child's words, `UnsafeFileError` if it crashed or hung."""
    question = {
        "source": os.fspath(source),
        "modality": modality,
        "roles": asdict(roles),
        "labels": None if labels is None else os.fspath(labels),
        "cache": None if cache is None else os.fspath(cache),
        "seconds": seconds,
        "memory": memory,
    }
    name = Path(source).name
    try:
        child = subprocess.run(
            [sys.executable, "-c", "from core.datasets.guarded import main; main()"],
            input=json.dumps(question).encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnsafeFileError(f"{name} took longer than {seconds} s to read.", "Give a smaller file.") from None
    _answer(child, name)


def _answer(child: subprocess.CompletedProcess[bytes], name: str) -> None:
    try:
        answer = json.loads(child.stdout or b"null")
    except json.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        how = f"signal {-child.returncode}" if child.returncode < 0 else f"exit code {child.returncode}"
        words = f"Reading {name} crashed ({how}). Nothing else was harmed."
        raise UnsafeFileError(words, "The file is damaged, or needs more memory than it is allowed.")
    if "error" in answer:
        kind = UnsafeFileError if answer.get("unsafe") else DataError
        raise kind(str(answer["error"]), str(answer.get("hint", "")))


def _limit(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # not a Unix system: the parent's timeout remains
        return
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main() -> None:
    """Read the question from standard input, load under the limits, print the answer."""
    question = json.load(sys.stdin)
    _limit(question["memory"], question["seconds"])
    roles = Roles(**{**question["roles"], "features": tuple(question["roles"]["features"])})
    cache = Path(question["cache"]) if question["cache"] else None
    try:
        rows = len(load_examples(question["source"], question["modality"], roles, cache, labels=question["labels"]))
    except CurationError as error:
        print(json.dumps({"error": str(error), "hint": error.hint}))
    except MemoryError:
        limit = question["memory"] / GIGABYTE
        words = f"The file needs more than {limit:.1f} GB."
        print(json.dumps({"error": words, "hint": "Give a smaller file.", "unsafe": True}))
    else:
        print(json.dumps({"rows": rows}))
