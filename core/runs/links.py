"""Links inside a run folder: a folder that can be sent must not choose where on this machine something is written."""

from __future__ import annotations

import os
from pathlib import Path

from core.store import Run
from core.types.errors import RunError

from .samples import is_bundled


def refuse_links(path: Path) -> None:
    """Raises `RunError` naming a link anywhere below a run folder that is about to be written to.

    The folder itself may be one: the person named it.
    """
    link = _link_in(path)
    if link is not None:
        raise RunError(
            f"{link} is a link, and a run writes nowhere but into its own folder. Nothing was done.",
            "Put what it points to in its place, or delete the link.",
        )


def keeps_beside(run: Run) -> bool:
    """Whether checks of a run are kept in its folder: not in a sample's, nor in one that cannot be written or has
    links where they would go.
    """
    place = run.path / "check"
    if is_bundled(run) or not os.access(run.path, os.W_OK):
        return False
    return not place.is_symlink() and _link_in(place) is None


def _link_in(path: Path) -> Path | None:
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            if os.path.islink(os.path.join(folder, name)):
                return Path(folder, name)
    return None
