"""Write beside, fsync, then rename: a reader sees the old file or the new one, never half of one."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import stat
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from core.types.errors import BrokenOffError, RunError
from core.types.validation import ValidationError, validated

from .workspace import made

_LARGEST_JSON = 256 * 2**20  # a million decisions take 60 MB
_DEEPEST = 100  # levels; our own files have less than ten, and Python's decoder gives up at about a thousand


def write_with(path: Path, write: Callable[[IO[bytes]], Any]) -> Path:
    """Replace `path` by what `write` puts into the open file; nothing is left behind when it fails.

    Raises `RunError` where the file system refuses.
    """
    path = Path(path)
    try:
        made(path.parent)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_umask())  # mkstemp gives 0600; a run folder may be shared
            os.replace(temporary, path)
        except BaseException:  # cancellation, too, leaves no half-written file
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise in_words(path, error) from error
    _sync_folder(path.parent)
    return path


def _umask() -> int:
    mask = os.umask(0o077)  # it cannot be read without being set; meanwhile other threads are only stricter
    os.umask(mask)
    return mask


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


def read_array(path: Path) -> np.ndarray:
    """The array in a .npy file; raises `RunError` naming the file when it is missing, cut or holds no plain array."""
    try:
        if not path.is_file():  # a pipe would be waited for without end
            raise damaged(path, "it is missing, or no plain file.")
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise damaged(path, f"it does not read as an array ({error}).") from error


def read_json(path: Path, shape: Any = Any) -> Any:
    """The JSON in `path`, checked against `shape` (see `core.types.validation`).

    Raises `RunError` naming the file when it is missing, cut, edited into something else, or too large.
    """
    try:
        return validated(_decoded(_content(Path(path))), shape)
    except OSError as error:
        raise RunError(
            f"{Path(path).name} cannot be read in {Path(path).parent}: {error.strerror}.",
            "Is this a run folder? Give the folder that `run --out` made.",
        ) from error
    except ValidationError as error:
        raise damaged(path, str(error)) from error
    except (ValueError, RecursionError) as error:
        too_deep = isinstance(error, RecursionError)
        why = "it is nested too deeply." if too_deep else f"it does not read as JSON ({error})."
        raise damaged(path, why) from error


def damaged(path: Path, why: str) -> RunError:
    """The one error for a file of ours that was edited or cut; `why` is a clause with its full stop."""
    return RunError(f"{path} is damaged: {why}", "Take it from a backup, or make it again.")


def _content(path: Path) -> str:
    about = os.stat(path)
    if not stat.S_ISREG(about.st_mode):  # a pipe would be waited for without end
        raise OSError(errno.EINVAL, "it is no file")
    if about.st_size > _LARGEST_JSON:
        raise ValueError(f"{about.st_size / 2**20:,.0f} MB, the limit is {_LARGEST_JSON / 2**20:,.0f} MB")
    return path.read_text(encoding="utf-8")


def _decoded(text: str) -> Any:
    value = json.loads(text, parse_constant=_refused, parse_float=_finite, parse_int=_whole, object_pairs_hook=_unique)
    level, depth = [value], 0
    while level := [v for c in level if isinstance(c, (dict, list)) for v in (c.values() if type(c) is dict else c)]:
        depth += 1
        if depth > _DEEPEST:
            raise RecursionError
    if "\\ud" in text.lower():
        json.dumps(value, ensure_ascii=False).encode()  # half a character: UnicodeEncodeError
    return value


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _refused(digits[:40])


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= 40 else _refused(f"{digits[:40]}…")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"{name[:60]!r} is there twice")
    return entries


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


def in_words(path: Path, error: OSError) -> RunError:
    """Why a file was not written, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BrokenOffError(
            f"The disk is full: {path.name} was not written in {path.parent}.",
            "Make room, then do it again; what was finished is kept.",
        )
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return RunError(
            f"{path.parent} cannot be written: {error.strerror}.",
            "Make the folder writable, or choose another with --out (workspace: CHAFFINCH_HOME).",
        )
    return RunError(f"{path} was not written: {error.strerror}.", "Look at the folder and the disk, then try again.")
