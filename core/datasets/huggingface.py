"""Datasets that Hugging Face `datasets` wrote with `save_to_disk`: Arrow files with a list of them, one folder a split.

Read with pyarrow alone; nothing of the folder is code. Class numbers become their names; pictures kept inside the Arrow
files are unpacked once into the cache.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from core.types.errors import DataError

from .columnar import as_text
from .files import GIGABYTE, read_bytes, unpack_limit

_STATE, _INFO, _SPLITS = "state.json", "dataset_info.json", "dataset_dict.json"
_JSON_LIMIT = 64 * 2**20
_AGAIN = "Save it again with save_to_disk."


def is_saved(path: Path) -> bool:
    """Whether a folder is a saved dataset, or one folder per split of such."""
    return (path / _SPLITS).is_file() or ((path / _STATE).is_file() and (path / _INFO).is_file())


def read_saved(path: Path, rows: int | None = None) -> pd.DataFrame:
    """All rows (or the first `rows`) as text, class numbers as names, pictures as the place they are unpacked to.

    A dataset of several splits gets a column `split`, unless it has one. Raises `DataError` naming the file.
    """
    frames = []
    for split, folder in _folders(path):
        frame = _read_split(folder, rows)
        if split and "split" not in frame.columns:
            frame["split"] = split
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def saved_rows(path: Path) -> int:
    """How many rows all splits hold."""
    return sum(len(table) for _, folder in _folders(path) for _, table in _tables(folder))


def picture_column(path: Path) -> str | None:
    """The first column of the kind Image; None without one."""
    _, folder = _folders(path)[0]
    return next((name for name, about in _features(folder).items() if about.get("_type") == "Image"), None)


def saved_pictures(path: Path, column: str) -> Iterator[tuple[str, bytes | None]]:
    """For each row: the relative path that `read_saved` shows for its picture, and the file's bytes, if kept inside."""
    for _, folder in _folders(path):
        start = 0
        for _, table in _tables(folder):
            for row, cell in enumerate(table.column(column), start):
                yield _place(folder, path, row), (cell.as_py() or {}).get("bytes")
            start += len(table)


def _folders(path: Path) -> list[tuple[str, Path]]:
    """(split or "", folder) of each part."""
    if not (path / _SPLITS).is_file():
        return [("", path)]
    names = _json(path / _SPLITS).get("splits", [])
    found = [(str(name), _within(path, str(name))) for name in names]
    missing = [name for name, folder in found if not is_saved(folder)]
    if not found or missing:
        raise DataError(f"{path.name} names the split {(missing or ['none'])[0]}, which is not there.", _AGAIN)
    return found


def _within(folder: Path, name: str) -> Path:
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise DataError(f"{folder.name}: {name!r} lies outside the data folder.", _AGAIN)
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
    return {str(name): about for name, about in features.items() if isinstance(about, dict)}


def _tables(folder: Path) -> Iterator[tuple[str, Any]]:
    """(file name, Arrow table) of each data file, in order."""
    state = _json(folder / _STATE)
    if state.get("_indices_data_files") or state.get("_indices_files"):
        raise DataError(
            f"{folder.name} is a view with an index of its own.", "Save it again after flatten_indices()."
        )
    names = [str(one.get("filename")) for one in state.get("_data_files", []) if isinstance(one, dict)]
    if not names:
        raise DataError(f"{folder.name} lists no data files in {_STATE}.", _AGAIN)
    for name in names:
        yield name, _read_arrow(_within(folder, name))


def _read_arrow(path: Path) -> Any:
    import pyarrow as pa

    try:
        size = path.stat().st_size
    except OSError:
        raise DataError(f"No such file: {path.name}, which {_STATE} lists.", _AGAIN) from None
    if size > unpack_limit():
        raise DataError(f"{path.name} has {size / GIGABYTE:.1f} GB.", "Give a smaller file, or free memory.")
    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_stream(source).read_all()
        table.validate(full=True)  # lengths, offsets and UTF-8, which reading alone takes on trust
    except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError, LookupError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise DataError(f"{path.name} is damaged or truncated Arrow: {reason}.", _AGAIN) from None
    return table


def _read_split(folder: Path, rows: int | None) -> pd.DataFrame:
    features, frames, start = _features(folder), [], 0
    root = folder.parent if (folder.parent / _SPLITS).is_file() else folder
    for _, table in _tables(folder):
        table = table if rows is None else table.slice(0, max(rows - start, 0))
        frame = as_text(table).to_pandas()
        for name, about in features.items():
            if about.get("_type") == "Image" and name in frame:
                frame[name] = [_place(folder, root, row) for row in range(start, start + len(frame))]
            if about.get("_type") == "ClassLabel" and name in frame:
                frame[name] = _named(frame[name], about.get("names") or [], name)
        frames.append(frame)
        start += len(frame)
        if rows is not None and start >= rows:
            break
    return pd.concat(frames, ignore_index=True)


def _named(codes: pd.Series, names: list[Any], column: str) -> list[str]:
    """Class numbers as names; datasets writes -1 for "no label"."""
    number = {str(code): str(name) for code, name in enumerate(names)} | {"-1": "", "": ""}
    unknown = [code for code in codes.unique() if code not in number]
    if unknown and names:
        raise DataError(f'The column "{column}" holds {unknown[0]}, and it has {len(names)} class names.', _AGAIN)
    return [number.get(code, code) for code in codes]


def _place(folder: Path, root: Path, row: int) -> str:
    """Where a picture is unpacked to, and how its row names it; the true kind is told from the bytes, not the name."""
    start = "" if folder.resolve() == root.resolve() else f"{folder.name}-"
    return f"{start}{row:07d}.png"
