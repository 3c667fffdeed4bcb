"""How many changes of a run were seen, kept beside the run: a database that was emptied or lost is noticed.

decisions.json in `check/` of the run's folder (of the workspace, for a run that is not written to), by database.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.runs.folder.links import keeps_beside
from core.store import Run, curation_log
from core.store.atomic import read_json
from core.store.database import database
from core.store.workspace import workspace_root
from core.types.branches import CurationState
from core.types.errors import RunError

if TYPE_CHECKING:
    from core.store.decisions import CurationLog

_NAME = "decisions.json"
_SEEN: dict[tuple[Path, str, str], int] = {}  # (file, database, curation) -> changes, as this process knows


def guarded_log(run: Run) -> CurationLog:
    """The log for a change of this run: nothing is put in the place of decisions that were lost."""
    return curation_log(lambda curation, rev: refuse_lost(run, curation, rev))


def seen(run: Run, state: CurationState) -> CurationState:
    """The state, remembered; raises `RunError` when the database has fewer changes than were seen before."""
    refuse_lost(run, state.curation, state.rev)
    path, here = _place(run), _here()
    if state.rev > _last(path, here, state.curation):
        known = _read(path)
        known.setdefault(here, {})[state.curation] = state.rev
        _write(path, known)
        _SEEN[path, here, state.curation] = state.rev
    return state


def refuse_lost(run: Run, curation: str, rev: int) -> None:
    """Raise `RunError` when more than `rev` changes of a curation were seen in this database."""
    path, here = _place(run), _here()
    if rev >= _last(path, here, curation):
        return
    _SEEN.pop((path, here, curation), None)
    before = _last(path, here, curation)  # the file may have been deleted since, as the hint says
    # `rev` may be of a moment ago, and another tab's change was seen since: what stands there now decides
    if rev < before and curation_log().revision(curation) < before:
        raise RunError(
            f"The workspace database has {rev} changes of this run where {before} were seen: it was emptied or "
            "replaced. Nothing was written.",
            f"Bring it back from a backup, or delete {path} to go on with what is there.",
        )


def _last(path: Path, here: str, curation: str) -> int:
    key = path, here, curation
    if key not in _SEEN:
        _SEEN[key] = _read(path).get(here, {}).get(curation, 0)
    return _SEEN[key]


def _place(run: Run) -> Path:
    return _placed(run, workspace_root())


@lru_cache(maxsize=32)  # a click waits for it
def _placed(run: Run, home: Path) -> Path:
    return (run.path / "check" if keeps_beside(run) else home / "checks" / run.run_id) / _NAME


def _read(path: Path) -> dict[str, dict[str, int]]:
    with suppress(RunError):  # damaged: then nothing is remembered
        return read_json(path, dict[str, dict[str, int]]) if path.is_file() else {}
    return {}


def _here() -> str:
    """This database; its place is nobody's business in a folder that may be handed on."""
    return hashlib.sha256(database().url.encode()).hexdigest()[:16]


def _write(path: Path, known: dict[str, dict[str, int]]) -> None:
    """Replace the file without waiting for the disk. The change itself is saved: an older number here does no harm."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with suppress(OSError):  # a full disk, say
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(known))
        os.replace(temporary, path)
