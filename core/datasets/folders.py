"""A folder of images: the files it holds, the class and split their folders give, and all that was passed over."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from core.types.errors import DataError
from core.types.examples import Finding

from . import report
from .files import MAX_DEPTH, is_text, printable, unreadable
from .roles import IMAGE_SUFFIXES
from .splits import split_of

FOREIGN_SUFFIXES = (".svg", ".eps", ".heic", ".psd", ".ai", ".pdf", ".avif", ".jxl")
LISTED_SUFFIXES = (*IMAGE_SUFFIXES, *FOREIGN_SUFFIXES)
_HIDDEN = ("__MACOSX", "@eaDir")  # what packers and file servers leave, beside names that begin with a dot


class Passed(NamedTuple):
    """A file or folder/ that is not read, and why. noted: one that is not data, such as a hidden file."""

    reason: str
    name: str
    noted: bool = False


@dataclass
class Found:
    """Relative paths of a folder: its images (deeper: those below a class folder's own), what was passed over, files
    of other kinds, and the folders that were read."""

    images: list[str] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    deeper: list[str] = field(default_factory=list)

    def empty_folders(self) -> list[str]:
        """The outermost folders without an image anywhere below, with a slash at their end."""
        holding = {path.rpartition("/")[0] for path in self.images}
        full = holding | {str(parent) for place in holding for parent in PurePosixPath(place).parents}
        empty = {f for f in self.folders if f and f not in full}
        return sorted(f"{f}/" for f in empty if str(PurePosixPath(f).parent) not in empty)


def reason_of(error: OSError | RuntimeError) -> str:
    """Why a file or folder cannot be read, in a word or two."""
    if isinstance(error, PermissionError):
        return "no permission"
    if isinstance(error, RuntimeError) or error.errno == errno.ELOOP:  # RuntimeError: a loop, before Python 3.13
        return "a loop of links"
    return f"unreadable ({error.strerror or type(error).__name__})"


def walk(root: Path) -> Found:
    """Everything below `root`; links are not followed. Raises `DataError` if `root` itself cannot be read, and for a
    folder whose name is no text: its class could not be named."""
    found = Found()
    waiting = [""]
    while waiting:
        place = waiting.pop()
        try:
            entries = sorted(os.scandir(root / place), key=lambda e: e.name)
        except OSError as error:
            if not place:
                raise unreadable(root, error) from None
            found.passed.append(Passed(reason_of(error), f"{place}/"))
            continue
        found.folders.append(place)
        for entry in entries:
            inside = f"{place}/{entry.name}" if place else entry.name
            if _is_folder(entry, links=False):
                waiting += _enter(inside, entry.name, root, found)
            else:
                _sort_file(entry, inside, found)
    return found


def _enter(inside: str, name: str, root: Path, found: Found) -> list[str]:
    """The folder, if it is to be read."""
    if name.startswith(".") or name in _HIDDEN:
        found.passed.append(Passed("hidden folder", printable(f"{inside}/"), noted=True))
        return []
    if not is_text(name):
        raise DataError(
            f"The name of the folder {printable(inside)} in {printable(root)} is not UTF-8.",
            "Rename it (convmv -f latin1 -t utf8 does so for many).",
        )
    if inside.count("/") >= MAX_DEPTH:
        found.passed.append(Passed(f"more than {MAX_DEPTH} folders deep", f"{inside[:80]}/"))
        return []
    return [inside]


def _sort_file(entry: os.DirEntry[str], inside: str, found: Found) -> None:
    if _is_folder(entry, links=True):
        found.passed.append(Passed("link to a folder, not followed", printable(f"{inside}/")))
    elif not entry.name.lower().endswith(LISTED_SUFFIXES):
        found.others += [] if entry.name.startswith(".") else [printable(inside)]
    elif entry.name.startswith("."):
        found.passed.append(Passed("hidden file", printable(inside), noted=True))
    elif not is_text(entry.name):
        found.passed.append(Passed("name is not UTF-8", printable(inside)))
    else:
        found.images.append(inside)


def _is_folder(entry: os.DirEntry[str], links: bool) -> bool:
    """Whether an entry is a folder, or a link to one."""
    try:
        return entry.is_dir(follow_symlinks=links)
    except OSError:  # a loop, or a place that may not be looked at: reading it as a file says which
        return False


def layout(found: Found, root: Path) -> pd.DataFrame:
    """Path, class folder and split folder of each image, sorted by path.

    Raises `DataError` where there is none, and where split folders lie beside others: what is meant is not certain.
    """
    if not found.images:
        raise _nothing(found, root)
    paths = sorted(found.images)
    folders = _without_wrapper([path.split("/")[:-1] for path in paths])
    frame = pd.DataFrame({"path": pd.Series(paths, dtype=object)})
    if all(_begins_with_split(parts) for parts in folders):
        frame["split"] = pd.Series([parts[0] for parts in folders], dtype=object)
        folders = [parts[1:] for parts in folders]
    else:
        _refuse_strays(paths, folders, root)
    frame["label"] = pd.Series([parts[0] if parts else "" for parts in folders], dtype=object)
    found.deeper = [path for path, parts in zip(paths, folders, strict=True) if len(parts) > 1]
    return frame


def _without_wrapper(folders: list[list[str]]) -> list[list[str]]:
    """Without the one folder around everything that zip files have; a split or a class is none."""
    while all(len(parts) > 1 for parts in folders) and len({parts[0] for parts in folders}) == 1:
        if _begins_with_split(folders[0]):
            break
        folders = [parts[1:] for parts in folders]
    return folders


def _begins_with_split(parts: list[str]) -> bool:
    return bool(parts) and split_of(parts[0]) is not None


def _nothing(found: Found, root: Path) -> DataError:
    suffixes = Counter(PurePosixPath(name).suffix or "no suffix" for name in found.others)
    held = ", ".join(f"{count:,} of {suffix}" for suffix, count in suffixes.most_common(5))
    passed = "; ".join(f"skipped: {p.reason}: {p.name}" for p in found.passed[:3])
    more = "; ".join(words for words in (passed, f"files: {held}" if held else "") if words)
    return DataError(
        f"No images found in {root}{f' ({more})' if more else ''}.",
        f"Give a folder per class with {', '.join(IMAGE_SUFFIXES[:4])} files.",
    )


def _refuse_strays(paths: list[str], folders: list[list[str]], root: Path) -> None:
    """train/ and val/ beside extra/ could be classes or splits; one flat folder `train` among others is a class."""
    in_splits = [parts for parts in folders if _begins_with_split(parts)]
    splits = sorted({parts[0] for parts in in_splits})
    nested = any(len(parts) > 1 for parts in in_splits)
    if not splits or not (nested or len(splits) > 1):
        return
    stray = next(path for path, parts in zip(paths, folders, strict=True) if not _begins_with_split(parts))
    raise DataError(
        f"{root}: the folders {', '.join(splits)} look like splits, but {stray} lies beside them.",
        "Move it into one of them or away; if these folders are classes, list the files in a manifest with labels.",
    )


def folder_findings(found: Found) -> Iterator[Finding]:
    """What was passed over, as lines of the report card: nothing vanishes and nothing appears without a word."""
    yield from skips(found.passed)
    if empty := found.empty_folders():
        yield report.finding("empty_folder", empty, f"no images in: {some(empty)}")
    if found.deeper:
        words = f"{len(found.deeper):,} images lie below their class folder: {some(found.deeper)}"
        yield report.finding("deeper", found.deeper, words, level="note")
    if found.others:
        words = f"{len(found.others):,} files of other kinds were not read: {some(sorted(found.others))}"
        yield report.finding("other_files", found.others, words, level="note")


def skips(passed: Iterable[Passed]) -> Iterator[Finding]:
    """One line for each reason."""
    for (reason, noted), group in groupby(sorted(passed), key=lambda p: (p.reason, p.noted)):
        names = [p.name for p in group]
        yield report.finding(
            "skipped", names, f"skipped: {reason}: {some(names)}", level="note" if noted else "warning"
        )


def some(names: list[str]) -> str:
    """The first three names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
