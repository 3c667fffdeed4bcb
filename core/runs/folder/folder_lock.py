"""The right to work on a run folder: one process at a time, and nothing of ours stays where a try was refused."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.store.atomic import in_words, write_json
from core.store.cards import FORMAT
from core.store.runs import is_run
from core.store.workspace import made
from core.types.errors import BrokenOffError, CurationError, RunError
from core.types.runs import RunSpec, settings_fingerprint

from .links import refuse_links
from .run_folder import RunFolder

_OURS = ("spec.json", "run.json", "log.txt", "examples.parquet", "truth.csv", "arrays", "index", "model", "scores",
         "work", "pieces", "evidence", "inputs")  # fmt: skip
_PATIENCE_SECONDS = 1.0  # a killed process needs a moment to let go of its lock
_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}")  # as `atomic.write_with` names a file that is not whole yet


@contextmanager
def claimed(path: Path, spec: RunSpec, threads: int, run_id: str | None = None) -> Iterator[RunFolder]:
    """The folder for this spec, locked while the block lasts. run_id: what a new run is called; see `new_run_id`.

    A new run that is refused before it has a result takes away what it wrote, and only that; work that broke off
    (`BrokenOffError`, a request to stop, a bug) is kept, so that it can go on.
    """
    path = Path(path)
    missing = [p for p in (path, *path.parents) if not os.path.lexists(p)]
    is_new, folder = not is_run(path), None
    try:
        with locked(path):
            try:
                folder = claim(path, spec, threads, run_id)
                tidy(path)
                yield folder
            except CurationError as error:
                if is_new and folder is not None and not _worth_keeping(folder, error):
                    clear(path)
                raise
    except CurationError:
        for created in missing:
            with suppress(OSError):  # it is not empty, or was never made
                created.rmdir()
        raise


def claim(path: Path, spec: RunSpec, threads: int, run_id: str | None = None) -> RunFolder:
    """The folder for this spec, new or begun before; refuses one that holds anything else.

    A run that never came to a result makes way for another question. Raises `RunError` for a folder that is not empty
    and no run, and for a finished run of another spec.
    """
    path = Path(path)
    run_id = run_id or new_run_id(spec)
    if is_run(path):
        folder = RunFolder(path)
        if folder.has_results or folder.spec.fingerprint() == spec.fingerprint():
            _refuse_other_spec(folder, spec)
            return folder
        run_id = folder.run_id
        clear(path)
    elif path.exists() and not (path.is_dir() and _is_empty(path)):
        raise RunError(f"{path} is not empty and is not a run.", "Choose another folder with --out.")
    made(path)
    entries = {
        "run_id": run_id,
        "format": FORMAT,
        "spec": spec.to_json(),
        "fingerprint": spec.fingerprint(),
        "settings": settings_fingerprint(spec.to_json()),
        "threads": threads,
    }
    write_json(path / "spec.json", entries)
    return RunFolder(path)


def new_run_id(spec: RunSpec) -> str:
    """A readable name that no other run has."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(spec.source).name.split(".")[0]).strip("-").lower() or "run"
    return f"{stem[:40]}-{secrets.token_hex(4)}"


def clear(path: Path) -> None:
    """Take away the files of a run; the folder, and whatever else is in it, stays."""
    for name in _OURS:
        if (path / name).is_dir() and not (path / name).is_symlink():
            shutil.rmtree(path / name)
        else:
            (path / name).unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process works in a folder at a time; the lock ends with it, however it ends.

    The folder itself is locked, so that nothing is written and a read-only one can be locked, too. Raises `RunError`
    where another process holds it, or where it holds links.
    """
    made(path)
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: only the process check of the database is left
        if is_run(path):
            refuse_links(path)
        yield
        return
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise in_words(path, error) from error
    try:
        if not _taken(lambda: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)):
            raise RunError(
                f"{path} is already running in another process.",
                "Wait for it, or stop it with `python -m core cancel`; a process that is halted must be ended first.",
            )
        if is_run(path):
            refuse_links(path)
        yield
    finally:
        os.close(handle)


def _taken(take: Callable[[], None]) -> bool:
    """Whether a lock could be had; a killed process may need a moment to let go of its own."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            take()
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        except OSError:
            return True  # a file system without such locks: the row in the database has to do
        else:
            return True


def tidy(path: Path) -> None:
    """Delete what a killed process left half-written in a folder of ours."""
    for place in (*path.glob(".*"), *(left for name in _OURS for left in (path / name).rglob(".*"))):
        if _TEMPORARY.fullmatch(place.name) and place.is_file() and os.access(place.parent, os.W_OK):
            place.unlink(missing_ok=True)


def _is_empty(path: Path) -> bool:
    try:
        return not any(path.iterdir())
    except OSError as error:
        raise in_words(path / "spec.json", error) from error


def _worth_keeping(folder: RunFolder, error: CurationError) -> bool:
    begun = isinstance(error, BrokenOffError) and (folder.path / "examples.parquet").is_file()
    return begun or folder.has_results


def _refuse_other_spec(folder: RunFolder, spec: RunSpec) -> None:
    if folder.spec.fingerprint() == spec.fingerprint():
        return
    old, new = _flat(folder.spec.to_json()), _flat(spec.to_json())
    differs = [k for k in new if old.get(k) != new[k] and k not in ("threads", "memory")]
    words = "; ".join(f"{k} was {old.get(k)!r}, now {new[k]!r}" for k in differs[:3]) or "it was made differently"
    raise RunError(
        f"{folder.path} holds another run: {words}.", "Choose another folder with --out, or delete this one."
    )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {k: v for key, inner in value.items() for k, v in _flat(inner, f"{prefix}{key}.").items()}
    return {prefix.rstrip("."): list(value) if isinstance(value, tuple) else value}
