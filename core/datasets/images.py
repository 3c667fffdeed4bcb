"""Pictures in a folder per class, in a manifest of relative paths, or in a zip of either."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import ExampleTable, Finding, Modality, Roles

from . import report
from .archives import open_zip
from .assemble import Parts, assemble, check_columns
from .files import cache_folder, file_digest, unreadable
from .frames import is_table, read_frame, read_sample
from .image_files import ImageFiles, Picture, examine
from .loader import Column, Loader, Request, SourcePreview
from .roles import IMAGE_SUFFIXES, describe, guess_path, guess_roles
from .splits import split_of

_FOREIGN_SUFFIXES = (".svg", ".eps", ".heic", ".psd", ".ai", ".pdf", ".avif", ".jxl")
_MANIFESTS = ("manifest.csv", "metadata.csv", "labels.csv", "metadata.jsonl", "manifest.jsonl")
_WORKERS = 4


def _claims(request: Request) -> int:
    if request.path.suffix.lower() == ".zip":
        return 6
    if request.path.is_dir():
        return 9 if request.modality is Modality.IMAGE else 3
    return 8 if is_table(request.path) and request.modality is Modality.IMAGE else 0


def _source(request: Request) -> tuple[pd.DataFrame, list[Picture | None], Path, Roles]:
    """The person's columns, a verdict for each path that must not be opened, the root, and the roles."""
    path = _unzipped(request.path, request.cache) if request.path.suffix.lower() == ".zip" else request.path
    manifest = manifest_in(path) if path.is_dir() else path
    if manifest is not None:
        frame, _ = read_frame(manifest)
        roles = guess_roles(frame, request.roles, Modality.IMAGE)
        check_columns(roles, frame, manifest.name)
        if not roles.path:
            raise DataError(
                f"{manifest.name} has no path column. Columns: {', '.join(map(str, frame.columns))}.",
                "Name the column with the relative paths `path`.",
            )
        root = manifest.parent
    else:
        root = path
        frame = _walk(path)
        roles = replace(guess_roles(frame, replace(request.roles, inputs=None), Modality.IMAGE), path="path")
    real = Path(os.path.realpath(root))
    return frame, [_inside(str(p), root, real) for p in frame[roles.path]], root, roles


def manifest_in(folder: Path) -> Path | None:
    """The table of paths that lies in a folder of pictures, if there is one."""
    for name in _MANIFESTS:
        if (folder / name).is_file():
            head = read_sample(folder / name)
            if guess_path(head.head(100)):
                return folder / name
    return None


def _inside(text: str, root: Path, real: Path) -> Picture | None:
    """None for a path that may be opened; else the reason why not. Nothing is opened here."""
    path = root / "?" if "\0" in text else root / text
    if "\0" in text or not text.strip() or len(text) > 4096:
        return Picture(path, skipped="bad path")
    if "://" in text or text.lower().startswith(("data:", "file:")):
        return Picture(path, skipped="no URLs")
    parts = PurePosixPath(text.replace("\\", "/"))
    if parts.is_absolute() or ":" in parts.parts[0]:
        return Picture(path, skipped="outside the data folder (absolute path)")
    try:
        target = path.resolve(strict=True)
    except FileNotFoundError:
        escapes = not Path(os.path.realpath(path)).is_relative_to(real)
        return Picture(path, skipped="outside the data folder" if escapes else "No such file")
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop, before Python 3.13
        loop = isinstance(error, RuntimeError) or getattr(error, "errno", 0) == 40
        return Picture(path, skipped="a loop of links" if loop else f"unreadable ({error})")
    return None if target.is_relative_to(real) else Picture(path, skipped="outside the data folder")


def _walk(root: Path) -> pd.DataFrame:
    """Relative path, class folder and split folder of each picture file, sorted by path."""
    try:
        os.scandir(root).close()
    except OSError as error:
        raise unreadable(root, error) from None
    found = []
    for folder, folders, names in os.walk(root):
        folders.sort()
        found += [
            Path(folder, n).relative_to(root).as_posix()
            for n in names
            if n.lower().endswith((*IMAGE_SUFFIXES, *_FOREIGN_SUFFIXES)) and not n.startswith(".")
        ]
    if not found:
        raise DataError(
            f"No images found in {root}.", f"Give a folder per class with {', '.join(IMAGE_SUFFIXES[:4])} files."
        )
    return _layout(sorted(found))


def _layout(paths: list[str]) -> pd.DataFrame:
    folders = [p.split("/")[:-1] for p in paths]
    while all(len(f) > 1 for f in folders) and len({f[0] for f in folders}) == 1 and not split_of(folders[0][0]):
        folders = [f[1:] for f in folders]  # one folder around everything, as zip files have
    frame = pd.DataFrame({"path": pd.Series(paths, dtype=object)})
    if all(f and split_of(f[0]) for f in folders):
        frame["split"] = pd.Series([f[0] for f in folders], dtype=object)
        folders = [f[1:] for f in folders]
    frame["label"] = pd.Series([f[0] if f else "" for f in folders], dtype=object)
    return frame


def _unzipped(path: Path, cache: Path | None) -> Path:
    """The picture files and manifests of a zip, unpacked once; archives inside it are not opened."""
    target = cache_folder(cache) / f"{file_digest(path)[:32]}-files"
    if target.is_dir():
        return target
    beside = Path(tempfile.mkdtemp(dir=target.parent, suffix=".tmp"))
    try:
        with open_zip(path) as archive:
            for member in archive.infolist():
                if not member.is_dir() and member.filename.lower().endswith(
                    (*IMAGE_SUFFIXES, *_FOREIGN_SUFFIXES, ".csv", ".jsonl")
                ):
                    archive.extract(member, beside)
        beside.rename(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(f"{path.name} is damaged: {error}.", "Pack it again.") from None
    except OSError as error:
        if not target.is_dir():  # else another process was first
            raise DataError(f"{path.name} cannot be unpacked: {error.strerror}.", "Check the disk.") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def _examine_all(paths: Sequence[str], verdicts: list[Picture | None], root: Path) -> list[Picture]:
    """Every picture decoded once to find the unreadable ones; decoding releases the interpreter, so threads help."""

    def one(item: tuple[str, Picture | None]) -> Picture:
        text, verdict = item
        return verdict or examine((root / text).resolve())

    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(one, zip(paths, verdicts, strict=True), chunksize=16))


def _inspect(request: Request) -> SourcePreview:
    frame, verdicts, root, roles = _source(request)
    pictures = _examine_all(list(frame[roles.path][:20]), verdicts[:20], root)
    good = [p for p in pictures if not p.skipped][:5]
    shown = ImageFiles(good)
    columns = tuple(Column(c.name, "image path" if c.name == roles.path else c.kind, c.sample) for c in describe(frame))
    return SourcePreview(
        request.name,
        Modality.IMAGE,
        "images",
        roles,
        columns,
        frame.head(5).reset_index(drop=True),
        len(frame),
        (),
        tuple(shown[i] for i in range(len(good))),
    )


def _load(request: Request) -> ExampleTable:
    frame, verdicts, root, roles = _source(request)
    paths = frame[roles.path].astype(object).to_numpy()
    pictures = _examine_all(list(paths), verdicts, root)
    good = np.flatnonzero([not p.skipped for p in pictures])
    if not len(good):
        raise DataError(
            f"No images found in {request.name} that can be read: {paths[0]} skipped: {pictures[0].skipped}"
            f"{f' ({len(paths):,} files in all)' if len(paths) > 1 else ''}.",
            "Give PNG or JPEG files.",
        )
    kept = [pictures[i] for i in good]
    parts = Parts(
        Modality.IMAGE,
        ImageFiles(kept),
        np.array([p.digest for p in kept], dtype=object),
        frame.iloc[good].reset_index(drop=True),
        roles,
        source_index=good.astype(np.int64),
        source_path=paths[good].astype(str),
        findings=tuple(_findings(list(paths), pictures, kept)),
    )
    return assemble(request, parts)


def _findings(paths: list[str], pictures: list[Picture], kept: list[Picture]) -> list[Finding]:
    bad = sorted((p.skipped, str(text)) for text, p in zip(paths, pictures, strict=True) if p.skipped)
    found = [
        report.finding(
            "unreadable",
            [name for _, name in bad],
            f"{len(bad):,} unreadable files",
            level="warning" if bad else "note",
        )
    ]
    for reason, group in groupby(bad, key=lambda item: item[0]):
        names = [name for _, name in group]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        found.append(report.finding("skipped", names, f"skipped: {reason}: {', '.join(names[:3])}{more}"))
    changes = sorted((change, p.path.name) for p in kept for change in p.converted)
    for change, group in groupby(changes, key=lambda item: item[0]):
        names = [name for _, name in group]
        found.append(report.finding("converted", names, f"converted: {change}: {len(names):,} files", level="note"))
    if len({p.size for p in kept}) > 1:
        found.append(Finding("sizes", len(kept), "pictures of different sizes: resized to one when scored"))
    return found


IMAGES = Loader(
    "images", "Pictures: a folder per class, a manifest, or a zip", (Modality.IMAGE,), _claims, _inspect, _load
)
