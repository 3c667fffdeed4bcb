"""Images inside a saved Hugging Face dataset: unpacked once into the cache, then read like any manifest of files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from core.types.errors import DataError
from core.types.examples import ExampleTable, Modality
from core.types.previews import SourcePreview

from .cache import cache_folder, cached_directory
from .files import file_digest
from .huggingface import image_column, is_saved, read_saved, saved_images
from .image_folders import IMAGES
from .loader import Claim, Loader, Request
from .spreadsheet import csv_text


def _claims(request: Request) -> Claim:
    if request.modality not in (None, Modality.IMAGE) or not request.path.is_dir() or not is_saved(request.path):
        return Claim.NONE
    return Claim.CERTAIN if image_column(request.path) else Claim.NONE


def _inspect(request: Request) -> SourcePreview:
    return replace(IMAGES.inspect(_unpacked(request)), loader="saved_pictures")


def _load(request: Request) -> ExampleTable:
    return IMAGES.load(_unpacked(request))


def _unpacked(request: Request) -> Request:
    column = image_column(request.path)
    if column is None:
        raise DataError(f"{request.name} has no column of the kind Image.", "Read it as text or as a table.")
    target = cache_folder(request.cache) / f"{_digest(request.path)}-pictures"
    if not target.is_dir():
        with cached_directory(target, request.path.name) as folder:
            _unpack(request.path, column, folder)
    return replace(request, path=target, modality=Modality.IMAGE)


def _digest(path: Path) -> str:
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        total.update(f"{file.relative_to(path)} {file_digest(file)}\n".encode())
    return total.hexdigest()[:32]


def _unpack(path: Path, column: str, folder: Path) -> None:
    """A row whose file was not kept inside is left out of the folder, and reported as missing when it is read."""
    for name, data in saved_images(path, column):
        if data is not None:
            (folder / name).write_bytes(data)
    (folder / "manifest.csv").write_text(csv_text(read_saved(path)[0]), encoding="utf-8", newline="")


SAVED_IMAGES = Loader(
    "saved_pictures", "Images in a saved Hugging Face dataset", (Modality.IMAGE,), _claims, _inspect, _load
)
