"""`images` and `links`: the kept images as class folders, what `ImageFolder` of torchvision reads.

Each image lies in the folder of its final label. A list beside them says which file is which row, with its hash: the
manifest holds the hash of the list, and `verify` goes through it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import numpy as np

from core.curation import ScoreView
from core.types.errors import DataError

from ..table import Column, coded_column, text_column, write_csv
from .format import ExportFormat, HandOver, RunFacts
from .pictures import only_of_images, png

UNLABELED_FOLDER = "unlabeled"
_PLAIN = " ()+,;=@&!~'$"  # beside letters, digits and _.-: what every file system takes
Put = Callable[[HandOver, int, Path], None]


def _write(handed: HandOver, folder: Path, place: str, put: Put) -> dict[str, int]:
    """The list, and every file in it."""
    for row, name in _named(handed, place):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        put(handed, row, path)
    return _list(handed, folder, place)


def _list(handed: HandOver, folder: Path, place: str) -> dict[str, int]:
    """`<place>.csv`: file, example_id, label_final and the sha256 of each kept image, in the order of rows."""
    named = list(_named(handed, place))
    rows = np.array([row for row, _ in named], np.int64)
    columns: list[Column] = [
        text_column("file", [name for _, name in named]),
        text_column("example_id", np.asarray(handed.view.ids)[rows].astype(str)),
        coded_column("label_final", np.asarray(handed.outcome.label_final)[rows], handed.view.class_names),
        text_column("sha256", [_digest(handed, row) for row, _ in named]),
    ]
    write_csv(folder / f"{place}.csv", columns, len(named), for_spreadsheets=False)
    return {f"{place}.csv": len(named)}


def _named(handed: HandOver, place: str) -> Iterator[tuple[int, str]]:
    """(row, its file) of every kept row; a name that its folder has already is given the number of the row."""
    taken: set[str] = set()
    for row in handed.kept_rows.tolist():
        label = int(handed.outcome.label_final[row])
        folder = quote(handed.view.class_names[label], safe=_PLAIN).lstrip(".") if label >= 0 else UNLABELED_FOLDER
        name = f"{place}/{folder or '_'}/{_own_name(handed, row)}"
        if name.lower() in taken:  # some file systems do not tell A from a
            name = f"{place}/{folder or '_'}/{row}-{_own_name(handed, row)}"
        taken.add(name.lower())
        yield row, name


def _own_name(handed: HandOver, row: int) -> str:
    """As its file was named; an entry of an array is named by its place there."""
    path = handed.facts.image_file(row)
    if path is None:
        return f"{int(handed.source_index[row]):08d}.png"
    name = PurePosixPath(str(handed.view.source_path[row])) if handed.view.source_path is not None else path
    return quote(name.name, safe=_PLAIN).lstrip(".") or path.suffix


def _copy(handed: HandOver, row: int, target: Path) -> None:
    source = handed.facts.image_file(row)
    if source is None:
        target.write_bytes(_png_of(handed, row))
        return
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError as error:
        raise DataError(f"{source.name} is no longer there.", "Put the file back.") from error


def _link(handed: HandOver, row: int, target: Path) -> None:
    source = handed.facts.image_file(row)
    assert source is not None, "refused before: _no_files"
    target.symlink_to(source.resolve())


def _digest(handed: HandOver, row: int) -> str:
    source = handed.facts.image_file(row)
    if source is None:
        return hashlib.sha256(_png_of(handed, row)).hexdigest()
    try:
        with source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise DataError(f"{source.name} is no longer there.", "Put the file back.") from error


def _png_of(handed: HandOver, row: int) -> bytes:
    pixels = handed.facts.read_input(row)
    if pixels is None:
        raise DataError(f"The image of {handed.view.ids[row]} cannot be read.", "Put the source back.")
    return png(pixels)


def _no_files(view: ScoreView, facts: RunFacts) -> str:
    links = "" if facts.in_folder else "Links are to image files in a folder, and these are entries of one file."
    return only_of_images(view, facts) or links


IMAGES = ExportFormat(
    name="images",
    title="Class folders",
    summary="images/CLASS/FILE, copies of the kept images in the folders of their final labels, listed in images.csv.",
    write=partial(_write, place="images", put=_copy),
    only_list=partial(_list, place="images"),
    files=("images.csv",),
    folder="images",
    opened_by='torchvision.datasets.ImageFolder("images")',
    needs_run=True,
    why_not=only_of_images,
)
LINKS = ExportFormat(
    name="links",
    title="Class folders of links",
    summary="linked_images/CLASS/FILE, the same as links to your files, listed in linked_images.csv.",
    write=partial(_write, place="linked_images", put=_link),
    only_list=partial(_list, place="linked_images"),
    files=("linked_images.csv",),
    folder="linked_images",
    opened_by='torchvision.datasets.ImageFolder("linked_images")',
    needs_run=True,
    why_not=_no_files,
)
