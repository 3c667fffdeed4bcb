"""Links, pipes and devices inside a run folder: a folder that can be sent must not choose where on this machine
something is written, nor what is waited for.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from core.store import Run
from core.types.errors import RunError

from .samples import is_bundled


def refuse_links(path: Path) -> None:
    """Raises `RunError` naming a link, pipe or device anywhere below a run folder that is about to be written to.

    The folder itself may be a link: the person named it.
    """
    odd = _odd_in(path)
    if odd is not None:
        what = "a link" if odd.is_symlink() else "no plain file"
        raise RunError(
            f"{odd} is {what}, and a run works with the files of its own folder alone. Nothing was done.",
            "Put the file itself in its place, or delete it.",
        )


def keeps_beside(run: Run) -> bool:
    """Whether checks of a run are kept in its folder: not in a sample's, nor in one that cannot be written or has
    links or pipes where they would go.
    """
    place = run.path / "check"
    if is_bundled(run) or not os.access(run.path, os.W_OK):
        return False
    return not place.is_symlink() and _odd_in(place) is None


def _odd_in(path: Path) -> Path | None:
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            kind = os.lstat(os.path.join(folder, name)).st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                return Path(folder, name)
    return None
