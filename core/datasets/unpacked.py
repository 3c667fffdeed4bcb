"""A zip of pictures, unpacked once into the cache."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from core.types.errors import DataError

from .archives import ZIP_DAMAGE, damaged, open_zip
from .files import cache_folder, file_digest
from .folders import PICTURE_SUFFIXES


def unzipped(path: Path, cache: Path | None) -> Path:
    """The picture files and manifests of a zip, unpacked once; archives inside it are not opened."""
    target = cache_folder(cache) / f"{file_digest(path)[:32]}-unzipped"
    if target.is_dir():
        return target
    beside = Path(tempfile.mkdtemp(dir=target.parent, suffix=".tmp"))
    try:
        with open_zip(path) as archive:
            for member in archive.infolist():
                if member.is_dir() or member.filename.lower().endswith((*PICTURE_SUFFIXES, ".csv", ".jsonl")):
                    archive.extract(member, beside)
                else:  # an empty file stands for it, so that the report card names what was not read
                    _stand_in(beside / member.filename)
        beside.rename(target)
    except ZIP_DAMAGE as error:
        raise damaged(path.name, error) from None
    except OSError as error:
        if not target.is_dir():  # else another process was first
            words = f"{path.name} cannot be unpacked: {error.strerror or error}."
            raise DataError(words, "Check the disk, and the names in it.") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def _stand_in(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
