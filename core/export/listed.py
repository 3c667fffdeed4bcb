"""Files of an export that a list beside them names: the images of class folders."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from core.types.errors import VerifyError

from .formats import FORMATS, ExportFormat
from .replay import read_records
from .replayed import file_bytes

_SHOWN = 20  # findings told one by one


def files_in_lists(out: Path) -> frozenset[str]:
    """All files that the lists in an export's folder name; none of a list that does not read."""
    names: set[str] = set()
    for one in _with_folders():
        try:
            names |= set(_listed(out, one)) if (out / one.files[0]).is_file() else set()
        except VerifyError:
            continue
    return frozenset(names)


def list_findings(folder: Path, outputs: Iterable[str]) -> list[str]:
    """Sentences about files that are not as their list says, or that no list names. Raises nothing."""
    written = set(outputs)
    findings: list[str] = []
    for one in _with_folders():
        if one.files[0] in written:
            findings += _findings(folder, one)
        elif (folder / one.folder).exists():
            findings.append(f"{one.folder} is not listed in manifest.json.")
    return findings if len(findings) <= _SHOWN else [*findings[:_SHOWN], f"{len(findings) - _SHOWN:,} more files."]


def _with_folders() -> tuple[ExportFormat, ...]:
    return tuple(one for one in FORMATS if one.folder)


def _findings(folder: Path, one: ExportFormat) -> list[str]:
    try:
        listed = _listed(folder, one)
    except VerifyError as error:
        return [str(error)]
    there = {
        p.relative_to(folder).as_posix() for p in (folder / one.folder).rglob("*") if p.is_symlink() or p.is_file()
    }
    wrong = [words for name, digest in listed.items() if (words := _difference(folder / name, name, digest))]
    return wrong + [f"{name} is not listed in {one.files[0]}." for name in sorted(there - set(listed))]


def _difference(path: Path, name: str, digest: str) -> str:
    try:
        return (
            "" if hashlib.sha256(file_bytes(path)).hexdigest() == digest else f"{name} was changed: its hash differs."
        )
    except VerifyError:
        return f"{name} is missing."


def _listed(folder: Path, one: ExportFormat) -> Mapping[str, str]:
    """{file: sha256}, all below the format's folder; raises `VerifyError` for a list that says anything else."""
    name = one.files[0]
    head, *rows = read_records(file_bytes(folder / name), name)
    if "file" not in head or "sha256" not in head:
        raise VerifyError(f"{name} has no columns file and sha256.", "Restore it from the original export.")
    file, digest = head.index("file"), head.index("sha256")
    for row in rows:
        parts = PurePosixPath(row[file]).parts
        if len(parts) != 3 or parts[0] != one.folder or ".." in parts or "\\" in row[file]:
            raise VerifyError(f"{name} names a file outside of {one.folder}.", "Restore it from the original export.")
    return {row[file]: row[digest] for row in rows}
