"""Datasets that Hugging Face `datasets` wrote with `save_to_disk`: Arrow files with a list of them, one folder a split.

Read with pyarrow alone; nothing of the folder is code. Class numbers become their names; images kept inside the Arrow
files are unpacked once into the cache.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from core.types.errors import DataError

from .arrow_stream import stream_batches, stream_rows
from .cells import text_frame
from .columnar import batch_text, compare_schemas, refusals, schema_words, short_head
from .delimited import check_names
from .files import read_bytes, unpack_limit
from .limits import Budget, batch_size, text_size

_STATE, _INFO, _SPLITS = "state.json", "dataset_info.json", "dataset_dict.json"
_JSON_LIMIT = 64 * 2**20  # bytes: such files hold the names of columns and classes, no rows
_AGAIN = "Save it again with save_to_disk."


def is_saved(path: Path) -> bool:
    """Whether a folder is a saved dataset, or one folder per split of such."""
    return (path / _SPLITS).is_file() or ((path / _STATE).is_file() and (path / _INFO).is_file())


def read_saved(path: Path, rows: int | None = None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """All rows (or the first `rows`) as text, class numbers as names, images as the place they are unpacked to.

    A dataset of several splits gets a column `split`, unless it has one. Also what a person should know of its columns.
    Raises `DataError` naming the file.
    """
    frames: list[pd.DataFrame] = []
    words, budget = dict[str, None](), Budget(path.name, _on_disk(path))
    for split, folder in _folders(path):
        frame, known = _read_split(folder, rows, budget)
        words |= dict.fromkeys(known)
        if split and "split" not in frame.columns:
            frame["split"] = split
        if frames and list(frame.columns) != list(frames[0].columns):
            raise DataError(
                f"{path.name}: the split {split} has other columns than the first: {', '.join(frame.columns)}.", _AGAIN
            )
        frames.append(frame)
    return pd.concat(frames, ignore_index=True), tuple(words)


def saved_rows(path: Path) -> int:
    """How many rows all splits hold."""
    budget = Budget(path.name, _on_disk(path))
    return sum(stream_rows(file, budget) for _, folder in _folders(path) for file in _files(folder))


def image_column(path: Path) -> str | None:
    """The first column of the kind Image; None without one."""
    _, folder = _folders(path)[0]
    return next((name for name, about in _features(folder).items() if about.get("_type") == "Image"), None)


def saved_images(path: Path, column: str) -> Iterator[tuple[str, bytes | None]]:
    """For each row: the relative path that `read_saved` shows for its image, and the file's bytes, if kept inside."""
    on_disk = _on_disk(path)
    budget = Budget(path.name, on_disk, max(on_disk, unpack_limit()))  # what lies there as it is may be copied
    for _, folder in _folders(path):
        row = 0
        for file in _files(folder):
            for batch in stream_batches(file, budget):
                cells = _images(batch, column, file.name)
                budget.spend(0, text_size(cells)._replace(values=0))
                for cell in cells:
                    yield _place(folder, path, row), (cell.as_py() or {}).get("bytes")
                    row += 1


def _images(batch: Any, column: str, name: str) -> Any:
    """The cells {bytes, path} of one batch."""
    from pyarrow import types

    kind: Any = batch.schema.field(column).type if column in batch.schema.names else None
    bytes_at = kind.get_field_index("bytes") if kind is not None and types.is_struct(kind) else -1
    if bytes_at < 0 or not (types.is_binary(kind[bytes_at].type) or types.is_large_binary(kind[bytes_at].type)):
        raise DataError(
            f'{name}: the column "{column}" is named as images, but holds {kind or "nothing"}.',
            "Save it again with a column of the kind Image, or read it as text or as a table.",
        )
    return batch.column(column)


def _folders(path: Path) -> list[tuple[str, Path]]:
    """(split or "", folder) of each part."""
    if not (path / _SPLITS).is_file():
        return [("", path)]
    names = _json(path / _SPLITS).get("splits")
    if not isinstance(names, list):
        raise DataError(f"{path.name}: its {_SPLITS} lists no splits.", _AGAIN)
    found = [(str(name), _within(path, str(name))) for name in names]
    missing = [name for name, folder in found if not is_saved(folder)]
    if not found or missing:
        raise DataError(f"{path.name} names the split {(missing or ['none'])[0][:80]}, which is not there.", _AGAIN)
    return found


def _within(folder: Path, name: str) -> Path:
    try:
        target = (folder / name).resolve()
        target.is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL in it, or a loop of links
        raise DataError(f"{folder.name}: {name[:80]!r} is a bad path.", _AGAIN) from None
    if not target.is_relative_to(folder.resolve()):
        raise DataError(f"{folder.name}: {name[:80]!r} lies outside the data folder.", _AGAIN)
    return target


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(read_bytes(path, _JSON_LIMIT))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name} is damaged: {str(error)[:200]}.", _AGAIN) from None
    if not isinstance(value, dict):
        raise DataError(f"{path.name} is not a JSON object.", _AGAIN)
    return value


def _features(folder: Path) -> dict[str, dict[str, Any]]:
    features = _json(folder / _INFO).get("features") or {}
    if not isinstance(features, dict):
        raise DataError(f"{folder.name}: the features in {_INFO} are no list of columns with their kinds.", _AGAIN)
    return {str(name): about for name, about in features.items() if isinstance(about, dict)}


def _files(folder: Path) -> list[Path]:
    """The data files, in order."""
    state = _json(folder / _STATE)
    if state.get("_indices_data_files") or state.get("_indices_files"):
        raise DataError(f"{folder.name} is a view with an index of its own.", "Save it again after flatten_indices().")
    listed = state.get("_data_files")
    names: list[Any] = (
        [one.get("filename") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    )
    if not names or not all(isinstance(name, str) for name in names):
        raise DataError(f"{folder.name} lists no data files in {_STATE}.", _AGAIN)
    return [_within(folder, name) for name in names]


def _on_disk(path: Path) -> int:
    files = (file for _, folder in _folders(path) for file in _files(folder))
    return sum(file.stat().st_size for file in files if file.is_file())


def _read_split(folder: Path, rows: int | None, budget: Budget) -> tuple[pd.DataFrame, list[str]]:
    """Text of one split and what to know of its columns. Images stay where they are: only their place is named."""
    features = _features(folder)
    images = {name for name, about in features.items() if about.get("_type") == "Image"}
    reading = _Reading(images, rows, budget)
    files = _files(folder)
    for file, batch in ((one, batch) for one in files for batch in stream_batches(one, budget)):
        reading.add(batch, file, files[0].name)
        if rows is not None:
            break
    frame = reading.frame()
    names = [name for name in reading.names if name in frame or name in images]
    return _with_names(frame, features, folder, reading.count)[names], list(reading.warnings)


class _Reading:
    """The batches of one split as they come: their text, what to know of them, and how many rows they were."""

    def __init__(self, images: set[str], rows: int | None, budget: Budget):
        self._images, self._rows, self._budget = images, rows, budget
        self._schema: Any = None  # of the first batch, which all others must have
        self._texts: list[Any] = []
        self.warnings: dict[str, None] = {}  # in order, each once
        self.count = 0

    @property
    def names(self) -> list[str]:
        """The columns; none before the first batch."""
        return [] if self._schema is None else list(self._schema.names)

    def add(self, batch: Any, file: Path, first_name: str) -> None:
        """Take one record batch of `file`; `DataError` where it is not like the first, or too large."""
        if self._schema is None:
            self._schema = batch.schema
            check_names(self._schema.names, file.name)
        self._warn(compare_schemas(batch.schema, self._schema, file.name, first_name))
        kept = batch.select([name for name in self._schema.names if name not in self._images])
        kept = kept if self._rows is None else short_head(kept, self._rows)
        self._warn(schema_words(kept.schema))
        self._budget.spend(len(kept), batch_size(kept))
        with refusals(file, "Arrow"):
            self._texts.append(batch_text(kept, file.name))
        self.count += len(kept)

    def frame(self) -> pd.DataFrame:
        """All batches as one table of text."""
        import pyarrow as pa

        return text_frame(pa.concat_tables(self._texts)) if self._texts else pd.DataFrame()

    def _warn(self, words: Iterable[str]) -> None:
        self.warnings |= dict.fromkeys(words)


def _with_names(frame: pd.DataFrame, features: dict[str, dict[str, Any]], folder: Path, count: int) -> pd.DataFrame:
    """Class numbers become names, and each image the place that it is unpacked to."""
    root = folder.parent if (folder.parent / _SPLITS).is_file() else folder
    for name, about in features.items():
        if about.get("_type") == "Image":
            frame[name] = [_place(folder, root, row) for row in range(count)]
        if about.get("_type") == "ClassLabel" and name in frame:
            frame[name] = _named(frame[name], about.get("names") or [], name)
    return frame


def _named(codes: pd.Series, names: Any, column: str) -> list[str]:
    """Class numbers as names; datasets writes -1 for "no label"."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f'The class names of the column "{column}" in {_INFO} are no list of texts.', _AGAIN)
    number = {str(code): name for code, name in enumerate(names)} | {"-1": "", "": ""}
    unknown = [code for code in codes.unique() if code not in number]
    if unknown and names:
        raise DataError(f'The column "{column}" holds {unknown[0]}, and it has {len(names)} class names.', _AGAIN)
    return [number.get(code, code) for code in codes]


def _place(folder: Path, root: Path, row: int) -> str:
    """Where an image is unpacked to, and how its row names it; the true kind is told from the bytes, not the name."""
    start = "" if folder.resolve() == root.resolve() else f"{folder.name}-"
    return f"{start}{row:07d}.png"
