"""Opening what strangers wrote: only regular files, with every refusal in words."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from core.types.errors import DataError

GIGABYTE = 1 << 30  # bytes: powers of two, as memory is counted
MEGABYTE = 1 << 20  # likewise
MAX_DEPTH = 64  # folders in folders: more is an accident, or an attack on whoever walks them


def is_text(name: str) -> bool:
    """Whether a name from the disk is UTF-8; Python keeps other bytes as half characters that no file can take."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def printable(name: str | Path) -> str:
    """A name from the disk with bytes that are not UTF-8 written as \\xe9."""
    return os.fspath(name).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def listed(names: Iterable[object], most: int = 20) -> str:
    """Names from a file for a message: the first ones, each cut and on one line, and how many there are in all."""
    shown = [shortened(str(name)) for name in names]
    return ", ".join(shown[:most]) + (f", ... ({len(shown):,} in all)" if len(shown) > most else "") or "none"


def shortened(text: str, longest: int = 60) -> str:
    """A text from a file for a message: control characters escaped, and cut where it is longer."""
    plain = text if text.isprintable() else text[: longest + 1].encode("unicode_escape").decode()
    return plain if len(plain) <= longest else f"{plain[:longest]}…"


def open_regular(path: Path) -> BinaryIO:
    """The file opened for reading; a missing, forbidden, looping or special file is refused with `DataError`."""
    try:
        # O_NONBLOCK: opening a named pipe must not wait for its writer.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise DataError(f"{path} is not a regular file.", "Give a file, or a folder of images.")
    return os.fdopen(handle, "rb")


def unreadable(path: Path | str, error: OSError | ValueError) -> DataError:
    """The words for a file that does not open."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return DataError(f"No such file or folder: {path}.", "Check the path, or give the name of a sample.")
    if isinstance(error, PermissionError):
        return DataError(
            f"No permission to read {path}.", "Change its mode (chmod u+r), or copy it to where you may read."
        )
    if isinstance(error, OSError) and error.strerror and "symbolic links" in error.strerror:
        return DataError(f"{path} is a loop of links.", "Give the file itself.")
    if isinstance(error, ValueError):
        return DataError(f"{str(path)!r} is a bad path.", "A path cannot hold a NUL character.")
    return DataError(f"{path} cannot be read: {error.strerror or error}.", "Check the disk and the path.")


def read_bytes(path: Path, limit: int = 4 * GIGABYTE) -> bytes:
    """The whole content; raises `DataError` for more than `limit` bytes and for what is no regular file."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise DataError(
                f"{path.name} has {size / GIGABYTE:.1f} GB, above the limit of {limit / GIGABYTE:.1f} GB.",
                "Split it, or convert it to Parquet.",
            )
        return file.read()


def file_digest(path: Path) -> str:
    """sha256 of a file's content, hexadecimal."""
    total = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(4 * MEGABYTE):
            total.update(block)
    return total.hexdigest()


def free_memory() -> int:
    """Bytes of memory that are free and that this process may still take; 8 GB where the system does not say."""
    try:
        import psutil
    except ImportError:
        return 8 * GIGABYTE
    return min(int(psutil.virtual_memory().available), _allowed(psutil.Process().memory_info().vms))


def _allowed(taken: int) -> int:
    """Bytes of address space that a limit on this process leaves."""
    try:
        import resource
    except ImportError:  # not a Unix system
        return sys.maxsize
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    return sys.maxsize if most == resource.RLIM_INFINITY else max(most - taken, 0)


def unpack_limit() -> int:
    """The most that one source may unpack to, in bytes: 4 GB or half the free memory."""
    return min(4 * GIGABYTE, free_memory() // 2)
