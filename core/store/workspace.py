"""Where things live: one folder with the database, the cache and the runs started from the screen."""

from __future__ import annotations

import os
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
    given = os.environ.get("CHAFFINCH_HOME")
    return Path(given).expanduser().absolute() if given else Path.home() / ".chaffinch"


def cache_root() -> Path:
    """Where unpacked arrays are kept; safe to delete."""
    return workspace_root() / "cache"


def runs_root() -> Path:
    """Where runs without a folder of their own go."""
    return workspace_root() / "runs"


def made(folder: Path) -> Path:
    """`folder`, created if need be; raises `RunError` in words when it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            "Choose a folder you may write to (the workspace is set by CHAFFINCH_HOME).",
        ) from error
    return folder


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
