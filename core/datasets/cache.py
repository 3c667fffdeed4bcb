"""What is unpacked once and kept: whole or not at all, and taken away again where its source is refused."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

from core.types.errors import CurationError, DataError

_unpacked_now: ContextVar[list[Path] | None] = ContextVar("unpacked_now", default=None)


def cache_folder(cache: Path | None) -> Path:
    """The folder for unpacked arrays: the given one, else the workspace's, else one that lives as long as the machine's
    temporary files."""
    home = os.environ.get("CHAFFINCH_HOME")
    folder = cache or (Path(home) if home else Path.home() / ".chaffinch") / "cache"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="chaffinch-cache-"))
    return folder


@contextmanager
def cached_file(target: Path, source: str) -> Iterator[BinaryIO]:
    """A new file that becomes `target` when the block ends well, and vanishes when it does not.

    Raises `DataError` where it cannot be written (a full disk).
    """
    beside = ""
    try:
        handle, beside = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
        with os.fdopen(handle, "wb") as out:
            yield out
        os.replace(beside, target)
        note_unpacked(target)
    except OSError as error:
        raise DataError(
            f"{source} cannot be unpacked: {error.strerror or error}.", "Free some space on the disk."
        ) from None
    finally:
        if beside:
            Path(beside).unlink(missing_ok=True)


@contextmanager
def cached_directory(target: Path, source: str) -> Iterator[Path]:
    """A new folder that becomes `target` when the block ends well, and vanishes when it does not.

    Raises `DataError` where it cannot be written; another process that was first is none the worse.
    """
    beside = Path(tempfile.mkdtemp(dir=target.parent, suffix=".tmp"))
    try:
        yield beside
        beside.rename(target)
        note_unpacked(target)
    except OSError as error:
        if not target.is_dir():  # else another process was first
            words = f"{source} cannot be unpacked: {error.strerror or error}."
            raise DataError(words, "Check the disk, and the names in it.") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def note_unpacked(path: Path) -> None:
    """This file or folder of the cache is new: a refusal within `kept_unless_refused` takes it away."""
    made = _unpacked_now.get()
    if made is not None:
        made.append(path)


@contextmanager
def kept_unless_refused() -> Iterator[None]:
    """What the block unpacks stays in the cache, unless the source turns out to be one that is not read."""
    made: list[Path] = []
    token = _unpacked_now.set(made)
    try:
        yield
    except CurationError:
        for path in made:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        raise
    finally:
        _unpacked_now.reset(token)
