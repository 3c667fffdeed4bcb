"""A zip of images, unpacked once into the cache."""

from __future__ import annotations

from pathlib import Path

from .array_archives import ZIP_DAMAGE, damaged, open_zip
from .cache import cache_folder, cached_directory
from .files import file_digest
from .folders import LISTED_SUFFIXES


def unzipped(path: Path, cache: Path | None) -> Path:
    """The image files and manifests of a zip, unpacked once; archives inside it are not opened.

    Raises `DataError` for a damaged zip, and where the disk or a name in it does not allow to unpack it.
    """
    target = cache_folder(cache) / f"{file_digest(path)[:32]}-unzipped"
    if not target.is_dir():
        with cached_directory(target, path.name) as folder:
            _unpack(path, folder)
    return target


def _unpack(path: Path, folder: Path) -> None:
    try:
        with open_zip(path) as archive:
            for member in archive.infolist():
                if member.is_dir() or member.filename.lower().endswith((*LISTED_SUFFIXES, ".csv", ".jsonl")):
                    archive.extract(member, folder)
                else:  # an empty file stands for it, so that the report card names what was not read
                    _stand_in(folder / member.filename)
    except ZIP_DAMAGE as error:
        raise damaged(path.name, error) from None


def _stand_in(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
