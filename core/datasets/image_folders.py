"""Images in a folder per class, in a manifest of relative paths, or in a zip of either."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import ExampleTable, Finding, Modality, Roles
from core.types.previews import Column, SourcePreview

from . import report
from .assemble import Parts, assemble, check_columns
from .folders import Passed, folder_findings, layout, reason_of, skips, some, walk
from .frames import is_table, read_frame, read_sample
from .image_files import ExaminedImage, ImageFiles, examine
from .loader import Claim, Loader, Request
from .ranges import dark_words
from .roles import describe, guess_path, guess_roles
from .unpacked import unzipped

_MANIFESTS = ("manifest.csv", "metadata.csv", "labels.csv", "metadata.jsonl", "manifest.jsonl")
_WORKERS = 4  # threads; each may hold one image of the largest size
_LONGEST_PATH = 4096  # letters; the limit of common file systems


def _claims(request: Request) -> Claim:
    if request.path.suffix.lower() == ".zip":
        return Claim.RECOGNIZED
    if request.path.is_dir():
        return Claim.REQUESTED if request.modality is Modality.IMAGE else Claim.POSSIBLE
    return Claim.REQUESTED if is_table(request.path) and request.modality is Modality.IMAGE else Claim.NONE


@dataclass(frozen=True, eq=False)
class Listed:
    """The person's columns, a verdict for each path that must not be opened, the root, the roles, what to report."""

    frame: pd.DataFrame
    verdicts: list[ExaminedImage | None]
    root: Path
    roles: Roles
    findings: tuple[Finding, ...] = ()


def _source(request: Request) -> Listed:
    path = unzipped(request.path, request.cache) if request.path.suffix.lower() == ".zip" else request.path
    manifest = manifest_in(path) if path.is_dir() else path
    findings: tuple[Finding, ...] = ()
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
        root, found = path, walk(path)
        frame = layout(found, request.path)
        findings = tuple(folder_findings(found))
        roles = replace(guess_roles(frame, replace(request.roles, inputs=None), Modality.IMAGE), path="path")
        check_columns(roles, frame, request.name)
    real = Path(os.path.realpath(root))
    verdicts = [_inside(str(p), root, real) for p in frame[roles.path]]
    return Listed(frame, verdicts, root, roles, findings)


def manifest_in(folder: Path) -> Path | None:
    """The table of paths in a folder of images, if there is one."""
    for name in _MANIFESTS:
        if (folder / name).is_file():
            head = read_sample(folder / name)
            if guess_path(head.head(100)):
                return folder / name
    return None


def _inside(text: str, root: Path, real: Path) -> ExaminedImage | None:
    """None for a path that may be opened; else the reason why not. Nothing is opened here."""
    if reason := _never_opened(text):
        return ExaminedImage(root / ("?" if "\0" in text else text), skipped=reason)
    path = root / text
    try:
        target = path.resolve(strict=True)
    except FileNotFoundError:
        escapes = not Path(os.path.realpath(path)).is_relative_to(real)
        return ExaminedImage(path, skipped="outside the data folder" if escapes else "No such file")
    except (OSError, RuntimeError) as error:
        return ExaminedImage(path, skipped=reason_of(error))
    return None if target.is_relative_to(real) else ExaminedImage(path, skipped="outside the data folder")


def _never_opened(text: str) -> str:
    """Why a path can be no path within the data, whatever lies there; "" where it may be one."""
    if "\0" in text or not text.strip() or len(text) > _LONGEST_PATH:
        return "bad path"
    if "://" in text or text.lower().startswith(("data:", "file:")):
        return "no URLs"
    parts = PurePosixPath(text.replace("\\", "/"))
    has_drive = ":" in str(parts).split("/")[0]  # C:\\pictures
    return "outside the data folder (absolute path)" if parts.is_absolute() or has_drive else ""


def _examine_all(paths: Sequence[str], verdicts: list[ExaminedImage | None], root: Path) -> list[ExaminedImage]:
    """Every image decoded once to find the unreadable ones; decoding releases the interpreter, so threads help."""

    def one(item: tuple[str, ExaminedImage | None]) -> ExaminedImage:
        text, verdict = item
        return verdict or examine((root / text).resolve())

    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(one, zip(paths, verdicts, strict=True), chunksize=16))


def _inspect(request: Request) -> SourcePreview:
    listed = _source(request)
    frame, roles = listed.frame, listed.roles
    images = _examine_all(list(frame[roles.path][:20]), listed.verdicts[:20], listed.root)
    good = [p for p in images if not p.skipped][:5]
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
        tuple(f.text for f in listed.findings),
        tuple(shown[i] for i in range(len(good))),
    )


def _load(request: Request) -> ExampleTable:
    listed = _source(request)
    frame, roles = listed.frame, listed.roles
    paths = frame[roles.path].astype(object).to_numpy()
    images = _examine_all(list(paths), listed.verdicts, listed.root)
    good = np.flatnonzero([not p.skipped for p in images])
    if not len(good):
        raise DataError(
            f"No images found in {request.name} that can be read: {paths[0]} skipped: {images[0].skipped}"
            f"{f' ({len(paths):,} files in all)' if len(paths) > 1 else ''}.",
            "Give PNG or JPEG files.",
        )
    kept = [images[i] for i in good]
    inputs = ImageFiles(kept)
    found = (
        *_findings(list(paths), images, kept),
        *_lost_classes(frame, roles, good),
        *_range_findings(inputs, kept),
    )
    parts = Parts(
        Modality.IMAGE,
        inputs,
        np.array([p.digest for p in kept], dtype=object),
        frame.iloc[good].reset_index(drop=True),
        roles,
        source_index=good.astype(np.int64),
        source_path=paths[good].astype(str),
        findings=(*found, *listed.findings),
    )
    return assemble(request, parts)


def _findings(paths: list[str], images: list[ExaminedImage], kept: list[ExaminedImage]) -> list[Finding]:
    bad = [Passed(p.skipped, str(text)) for text, p in zip(paths, images, strict=True) if p.skipped]
    found = [
        report.finding(
            "unreadable",
            [p.name for p in bad],
            f"{len(bad):,} unreadable files",
            level="warning" if bad else "note",
        )
    ]
    found += skips(bad)
    changes = sorted((change, p.path.name) for p in kept for change in p.converted)
    for change, group in groupby(changes, key=lambda item: item[0]):
        names = [name for _, name in group]
        found.append(report.finding("converted", names, f"converted: {change}: {len(names):,} files", level="note"))
    return found


def _lost_classes(frame: pd.DataFrame, roles: Roles, good: np.ndarray) -> Iterator[Finding]:
    """Classes of which no image can be read: they are not among the classes of the table."""
    if roles.label and (lost := sorted(set(frame[roles.label]) - set(frame[roles.label].iloc[good]) - {""})):
        yield report.finding("lost_class", lost, f"no image can be read of: {some(lost)}")


def _range_findings(inputs: ImageFiles, kept: list[ExaminedImage]) -> Iterator[Finding]:
    """How 16-bit and float files were read, and that images are dark."""
    for reading in inputs.readings.values():
        yield from reading.findings(sum(p.deep is not None for p in kept))
    if dark := dark_words(max(p.peak for p in kept)):
        yield report.finding("pixels", (), dark, count=len(kept))


IMAGES = Loader(
    "images", "Images: a folder per class, a manifest, or a zip", (Modality.IMAGE,), _claims, _inspect, _load
)
