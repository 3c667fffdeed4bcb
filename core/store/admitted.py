"""Run folders from elsewhere that a person admitted: kept in this workspace, so that each is asked about once."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .atomic import write_json
from .workspace import workspace_root


def admit(folder: Path) -> None:
    """From now on this folder opens without a question."""
    write_json(_place(folder), {"path": str(folder.resolve())})


def is_admitted(folder: Path) -> bool:
    """Whether a person admitted it before; nothing in it is read."""
    return _place(folder).is_file()


def _place(folder: Path) -> Path:
    name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogatepass")).hexdigest()
    return workspace_root() / "visited" / f"{name}.json"
