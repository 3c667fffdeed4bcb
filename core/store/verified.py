"""Files checked where they are opened: the sha256 of a file is taken once, and again when the file has changed."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from .atomic import sha256_of


def agrees(path: Path, expected: str | None) -> bool:
    """Whether the file is there with the bytes that were noted; nothing agrees with nothing noted."""
    try:
        about = os.stat(path)
    except OSError:
        return False
    return _digest(path.absolute(), about.st_size, about.st_mtime_ns, about.st_ino) == expected


@lru_cache(maxsize=4096)
def _digest(path: Path, size: int, changed: int, number: int) -> str:
    return sha256_of(path)
