"""A first look at a stranger's model file, in a process with limits, before a run of it is made."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

_SECONDS = 120  # on a busy machine
_MEMORY = 8 * 2**30  # of address space: the file, once as bytes and once parsed


def looked_at(module: str, path: Path) -> dict[str, Any]:
    """What `main` of that module answers to {"path": path}; remembered while the file stays as it is.

    Raises `DataError` in the child's words, `UnsafeFileError` if it crashed, took longer or wanted more memory.
    """
    state = path.stat()
    return _looked(module, str(path), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _looked(module: str, path: str, changed: int, size: int) -> dict[str, Any]:
    from core.datasets.guarded import ask_child

    return ask_child(module, {"path": path}, path, _SECONDS, _MEMORY)
