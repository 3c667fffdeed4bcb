"""Where things live: one folder with the database, the cache and the runs started from the screen."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from core.types.errors import RunError

_NETWORK_FILE_SYSTEMS = (
    "nfs",
    "nfs4",
    "cifs",
    "smb",
    "smb2",
    "smb3",
    "smbfs",
    "afpfs",
    "fuse.sshfs",
    "glusterfs",
    "fuse.glusterfs",
    "lustre",
    "beegfs",
    "gpfs",
    "ceph",
    "davfs",
    "fuse.davfs2",
)


def workspace_root() -> Path:
    """$CHAFFINCH_HOME, or ~/.chaffinch. The folder need not exist yet."""
    chosen = os.environ.get("CHAFFINCH_HOME")
    return Path(chosen).expanduser().absolute() if chosen else Path.home() / ".chaffinch"


def cache_root() -> Path:
    """Where unpacked arrays are kept; safe to delete."""
    with suppress(OSError):  # who writes there says so
        _make_private(workspace_root())
    return workspace_root() / "cache"


def runs_root() -> Path:
    """Where runs without a folder of their own go."""
    return workspace_root() / "runs"


def made(folder: Path) -> Path:
    """`folder`, created if need be; raises `RunError` in words when it cannot be.

    The workspace holds a person's texts and decisions: it is theirs alone, unless they made it themselves.
    """
    try:
        if workspace_root() in (folder, *folder.parents):
            _make_private(workspace_root())
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            "Choose a folder you may write to (the workspace is set by CHAFFINCH_HOME).",
        ) from error
    return folder


def _make_private(root: Path) -> None:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_ours = not os.environ.get("CHAFFINCH_HOME") and os.name == "posix" and root.stat().st_uid == os.getuid()
    if is_ours and root.stat().st_mode & 0o077:  # an older version made it
        root.chmod(0o700)


def network_file_system(path: Path) -> str | None:
    """Name of the network file system that holds `path`, or None: SQLite's write-ahead log does not work there."""
    import psutil

    place = str(path.absolute())
    mounts = [
        m
        for m in psutil.disk_partitions(all=True)
        if place == m.mountpoint or place.startswith(m.mountpoint.rstrip("/") + "/")
    ]
    nearest = max(mounts, key=lambda m: len(m.mountpoint), default=None)
    return nearest.fstype if nearest and nearest.fstype.lower() in _NETWORK_FILE_SYSTEMS else None
