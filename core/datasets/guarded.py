"""Read a stranger's file in a child process: whatever it does to the child, the dashboard lives on.

The child reads the source under limits on memory and processor time and answers with JSON. The caller gets a look or a
report card; it never opens the file itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.types import child
from core.types.errors import CurationError, DataError
from core.types.examples import Roles, SourceReport
from core.types.previews import SourcePreview
from core.types.recorded import RecordedFiles
from core.types.validation import validated

from .files import GIGABYTE
from .limits import UnsafeFileError
from .sources import inspect_source, load_with_recorded
from .wire import preview_from_plain, preview_to_plain, report_from_plain, roles_from

MEMORY = 8 * GIGABYTE  # address space, most of it never touched: libraries alone reserve about 2 GB
LOOK_SECONDS = 120  # somebody waits at the screen
_LOOK = 0.5  # seconds between two chances to cancel
WHOLE_SECONDS = 1800  # a folder of a million images is honest work


def preview_in_child(
    source: str | Path,
    modality: str | None = None,
    roles: Roles = Roles(),
    *,
    labels: str | Path | None = None,
    cache: Path | None = None,
    seconds: int = LOOK_SECONDS,
    memory: int = MEMORY,
) -> SourcePreview:
    """`inspect_source` in a child; `DataError` in the child's words, `UnsafeFileError` if it crashed or hung."""
    question = _question("preview", source, modality, roles, labels=labels, cache=cache)
    return preview_from_plain(ask_child(__name__, question, source, seconds, memory))


def report_in_child(
    source: str | Path,
    modality: str | None = None,
    roles: Roles = Roles(),
    *,
    labels: str | Path | None = None,
    class_map: str | Path | None = None,
    cache: Path | None = None,
    recorded: RecordedFiles = RecordedFiles(),
    memory: int = MEMORY,
) -> SourceReport:
    """What loading the whole source, and what was recorded beside it, in a child finds; errors as in
    `preview_in_child`.
    """
    question = _question("report", source, modality, roles, labels=labels, class_map=class_map, cache=cache)
    question["recorded"] = asdict(recorded)
    return report_from_plain(ask_child(__name__, question, source, WHOLE_SECONDS, memory + mapped_bytes(recorded)))


def _question(
    task: str, source: str | Path, modality: str | None, roles: Roles, **files: str | Path | None
) -> dict[str, Any]:
    """What `_done` reads as JSON; files: labels, class_map and cache, None where not given."""
    paths = {name: None if path is None else os.fspath(path) for name, path in files.items()}
    plain = {"task": task, "source": os.fspath(source), "modality": modality, "roles": asdict(roles)}
    return {"labels": None, "class_map": None, "cache": None, **plain, **paths}


def ask_child(
    module: str,
    question: dict[str, Any],
    source: str | Path,
    seconds: int = WHOLE_SECONDS,
    memory: int = MEMORY,
    waiting: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """What `main` of that module answers to the question, under the limits; `source` is the file it will read.

    waiting: called twice a second meanwhile; what it raises ends the child.
    Raises `DataError` in the child's words, `UnsafeFileError` if it crashed, took longer or wanted more memory.
    """
    question = {**question, "seconds": seconds, "memory": memory + _mapped(source)}
    name = Path(source).name
    try:
        done = _finished(child.python("-c", f"from {module} import main; main()"), question, seconds, waiting)
    except subprocess.TimeoutExpired:
        raise UnsafeFileError(f"{name} took longer than {seconds} s to read.", "Give a smaller file.") from None
    return _answer(done, name, seconds)


def _finished(
    command: list[str], question: dict[str, Any], seconds: int, waiting: Callable[[], None]
) -> subprocess.CompletedProcess[bytes]:
    """The child's last words. It ends with whatever is raised here."""
    given: bytes | None = json.dumps(question).encode()
    last = time.monotonic() + seconds
    environment = child.environment(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # threads only reserve memory
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment) as process:
        try:
            while True:
                try:
                    out, said = process.communicate(given, timeout=min(_LOOK, seconds))
                    return subprocess.CompletedProcess(command, process.returncode, out, said)
                except subprocess.TimeoutExpired:
                    given = None  # it has the question
                    if time.monotonic() > last:
                        raise
                waiting()
        except BaseException:
            process.kill()
            raise


def mapped_bytes(recorded: RecordedFiles) -> int:
    """The same of all files beside the inputs."""
    return sum(_mapped(path) for _, path in recorded.paths())


def _mapped(source: str | Path) -> int:
    """Bytes of address space that a large .npy takes without taking memory: it is mapped where it lies."""
    path = Path(source).expanduser()
    try:
        return path.stat().st_size if path.suffix.lower() == ".npy" else 0
    except (OSError, ValueError):
        return 0  # the child says what is wrong with it


def _answer(done: subprocess.CompletedProcess[bytes], name: str, seconds: int) -> dict[str, Any]:
    try:
        answer = json.loads(done.stdout or b"null")
    except json.JSONDecodeError:
        answer = None
    if done.returncode == -_xcpu():
        raise UnsafeFileError(f"{name} took longer than {seconds} s to read.", "Give a smaller file.")
    if not isinstance(answer, dict):
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        words = f"Reading {name} crashed ({how}). Nothing else was harmed."
        raise UnsafeFileError(words, "The file is damaged, or needs more memory than it is allowed.")
    if "error" in answer:
        kind = UnsafeFileError if answer.get("unsafe") else DataError
        raise kind(str(answer["error"]), str(answer.get("hint", "")))
    return answer


def _xcpu() -> int:
    import signal

    return int(getattr(signal, "SIGXCPU", 0)) or 1 << 16


def _limit(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # not a Unix system: the parent's timeout remains
        return
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main() -> None:
    """What the child runs."""
    answer_with(_done)


def answer_with(done: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Read the question from standard input, do what it asks under the limits, print the answer."""
    question = json.load(sys.stdin)
    _limit(question["memory"], question["seconds"])
    try:
        answer = done(question)
    except CurationError as error:
        answer = {"error": str(error), "hint": error.hint, "unsafe": isinstance(error, UnsafeFileError)}
    except MemoryError:
        words = f"The file needs more than {question['memory'] / GIGABYTE:.1f} GB."
        answer = {"error": words, "hint": "Give a smaller file.", "unsafe": True}
    print(json.dumps(answer))


def _done(question: dict[str, Any]) -> dict[str, Any]:
    source, modality, roles = question["source"], question["modality"], roles_from(question["roles"])
    cache = Path(question["cache"]) if question["cache"] else None
    if question["task"] == "preview":
        return preview_to_plain(inspect_source(source, modality, roles, labels=question["labels"], cache=cache))
    recorded = validated(question["recorded"], RecordedFiles)
    examples, _ = load_with_recorded(
        source, recorded, modality, roles, cache, question["class_map"], question["labels"]
    )
    return asdict(SourceReport.of(examples))
