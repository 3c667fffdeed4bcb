"""The folder that runs, decisions and caches of this person live in."""

from __future__ import annotations

from pathlib import Path

from core.store.workspace import made, workspace_root
from core.types.terminal import escaped_lines


def folder() -> Path:
    """The folder with the database, the cache and the screen's runs ($CHAFFINCH_HOME or ~/.chaffinch)."""
    return workspace_root()


def log_bug(traceback: str) -> Path:
    """Write a traceback to the workspace's log.txt, control characters escaped; returns that file.

    Raises `OSError` or `CurationError` where the workspace cannot be written.
    """
    path = made(workspace_root()) / "log.txt"
    with open(path, "a", encoding="utf-8") as file:
        file.write(escaped_lines(traceback))
    return path
