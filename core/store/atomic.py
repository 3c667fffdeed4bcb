"""Write beside, fsync, then rename: a reader sees the old file or the new one, never half of one."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from core.types.errors import RunError


def write_with(path: Path, write: Callable[[IO[bytes]], Any]) -> Path:
    """Replace `path` by what `write` puts into the open file; nothing is left behind when it fails."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)  # mkstemp gives 0600; a run folder may be shared
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _in_words(path, error) from error
    _sync_folder(path.parent)
    return path


def write_bytes(path: Path, content: bytes) -> Path:
    """Replace the file by `content`."""
    return write_with(path, lambda file: file.write(content))


def write_json(path: Path, value: Any) -> Path:
    """Replace the file by `value` as JSON, keys in the order given; refuses NaN."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=_plain)
    return write_bytes(path, text.encode() + b"\n")


def write_array(path: Path, values: np.ndarray) -> Path:
    """Replace the file by `values` as .npy, without pickle."""
    return write_with(path, lambda file: np.save(file, np.asarray(values), allow_pickle=False))


def read_json(path: Path) -> Any:
    """The JSON in `path`; raises `RunError` naming the file when it is missing or damaged."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(
            f"{Path(path).name} cannot be read in {Path(path).parent}: {error.strerror}.",
            "Is this a run folder? Give the folder that `run --out` made.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is damaged: {error}.", "Run it again, or take the file from a backup.") from error


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} does not go into JSON")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # a rename is durable only once its folder is; elsewhere folders cannot be opened
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _in_words(path: Path, error: OSError) -> RunError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(
            f"The disk is full: {path.name} was not written in {path.parent}.",
            "Make room and resume; what was finished is kept.",
        )
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return RunError(
            f"{path.parent} cannot be written: {error.strerror}.",
            "Make the folder writable, or choose another with --out (workspace: CHAFFINCH_HOME).",
        )
    return RunError(f"{path} was not written: {error.strerror}.", "Look at the folder and the disk, then try again.")
