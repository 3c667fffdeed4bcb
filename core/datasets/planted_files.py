"""Write a copy of a source with some labels moved and some rows repeated, in the source's own format."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import ExampleTable, Modality, Roles

from .array_file import ArrayFile
from .delimited import read_delimited
from .files import read_bytes
from .frames import DELIMITED, JSON_LINES
from .image_folders import manifest_in
from .jsonl import parse_json_line
from .perturb import near_image, near_number, near_text
from .spreadsheet import csv_text, is_formula, neutralise, safe_frame


@dataclass(frozen=True, eq=False)
class Edits:
    """flipped rows and their new classes; copied rows, whether each copy clashes, and the copies' classes."""

    flipped: np.ndarray
    new_label: np.ndarray
    copied: np.ndarray
    clash: np.ndarray
    copy_label: np.ndarray
    rng: np.random.Generator


def write_planted(path: Path, examples: ExampleTable, edits: Edits, out: Path) -> tuple[Path, int]:
    """The written file, and how many of its cells got an apostrophe because a spreadsheet would run them (CSV and TSV).

    Raises `DataError` for sources whose labels lie in another file, and for shards and zips.
    """
    if not examples.roles.label or examples.roles.label not in examples.columns:
        raise DataError(f"{examples.name} has no labels to change.", "Choose the label column with --label.")
    suffix = path.suffix.lower()
    if examples.source_path is not None and suffix != ".zip":
        return _write_images(path, examples, edits, out)
    if path.is_dir() or suffix not in (*DELIMITED, *_WRITERS):
        raise DataError(
            f"Planting into {path.name} is not possible.",
            "Give CSV, TSV, JSONL, one Parquet file, NPZ, or a folder or manifest of images.",
        )
    target = out / f"data{suffix}"
    if suffix in DELIMITED:
        return target, _write_delimited(path, examples, edits, target)
    _WRITERS[suffix](path, examples, edits, target)
    return target, 0


def _write_images(path: Path, examples: ExampleTable, edits: Edits, out: Path) -> tuple[Path, int]:
    if path.is_dir() and manifest_in(path) is None:
        return _write_folder(path, examples, edits, out / "data"), 0
    return _write_manifest(path if path.is_dir() else path.parent, examples, edits, out)


def _write_delimited(path: Path, examples: ExampleTable, edits: Edits, target: Path) -> int:
    frame, _ = read_delimited(path)
    cells = {str(n): frame[n].tolist() for n in frame.columns}
    edited = pd.DataFrame(_edited(cells, examples, edits), columns=frame.columns)
    return _write_text(edited, target, "," if target.suffix == ".csv" else "\t")


def _write_text(frame: pd.DataFrame, target: Path, separator: str) -> int:
    safe = safe_frame(frame)
    target.write_text(csv_text(safe, separator), encoding="utf-8", newline="")
    return int((safe.to_numpy() != frame.to_numpy()).sum())


def safe_roles(data: Path, roles: Roles) -> Roles:
    """The roles under the names that the written file has: in CSV and TSV those, too, are neutralised."""
    if data.suffix not in DELIMITED:
        return roles
    named = {r: neutralise(c) for r in ("id", "label", "text", "split", "group", "path") if (c := getattr(roles, r))}
    return replace(roles, features=tuple(map(neutralise, roles.features)), **named)


def _edited(columns: dict[str, list[Any]], examples: ExampleTable, edits: Edits) -> dict[str, list[Any]]:
    """Cells keep their types: a new label is copied from a row that has it."""
    roles, rows = examples.roles, [*range(len(examples)), *edits.copied.tolist()]
    donor = _donors(examples)
    out = {name: [cells[r] for r in rows] for name, cells in columns.items()}
    label = columns[str(roles.label)]
    for row, new in [
        *zip(edits.flipped, edits.new_label, strict=True),
        *zip(range(len(examples), len(rows)), edits.copy_label, strict=True),
    ]:
        out[str(roles.label)][int(row)] = label[donor[int(new)]]
    if roles.id and len(edits.copied):
        _new_ids(out[roles.id], len(examples))
    name = roles.text if examples.modality is Modality.TEXT else _numeric_feature(examples)
    for row in range(len(examples), len(rows)):
        out[str(name)][row] = _near(out[str(name)][row], examples, str(name), edits.rng)
    return out


def _new_ids(ids: list[Any], count: int) -> None:
    taken = {str(i) for i in ids[:count]}
    whole = all(isinstance(i, int | np.integer) for i in ids[:count])
    for place in range(count, len(ids)):
        new: Any = max(ids[:place]) + 1 if whole else f"{ids[place]}-copy"
        while str(new) in taken:
            new = f"{new}-copy"
        taken.add(str(new))
        ids[place] = new


def _numeric_feature(examples: ExampleTable) -> str:
    """The numeric column with the most distinct values: where a re-entered record would differ."""
    if examples.modality is not Modality.TABLE:
        return ""
    numeric = [c for c in examples.inputs.columns if examples.inputs[c].dtype == np.float64]
    if not numeric:
        raise DataError(f"{examples.name} has no numeric column to vary.", "Plant label flips only.")
    return str(max(numeric, key=lambda c: examples.inputs[c].nunique()))


def _near(cell: Any, examples: ExampleTable, name: str, rng: np.random.Generator) -> Any:
    if examples.modality is Modality.TEXT:
        return near_text(str(cell), rng)
    column = examples.inputs[name]
    old = pd.to_numeric(pd.Series([cell]), errors="coerce").iloc[0]
    value = float(column.mean()) if not np.isfinite(old) else float(old)
    whole = bool((column.dropna() % 1 == 0).all())
    moved = near_number(value, float(column.std()), rng, whole)
    number = int(moved) if whole else moved
    return str(number) if isinstance(cell, str) else type(cell)(number) if cell is not None else number


def _write_jsonl(path: Path, examples: ExampleTable, edits: Edits, target: Path) -> None:
    lines = [line for line in read_bytes(path).split(b"\n") if line.strip()]
    records = [parse_json_line(line, path.name) for line in lines]
    names = list(dict.fromkeys(n for r in records for n in r))
    edited = _edited({n: [r.get(n) for r in records] for n in names}, examples, edits)
    rows = [*range(len(records)), *edits.copied.tolist()]
    with target.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:  # half a character
        for place, row in enumerate(rows):
            record = {n: edited[n][place] for n in names if n in records[row] or n == examples.roles.label}
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def _write_parquet(path: Path, examples: ExampleTable, edits: Edits, target: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = parquet.read_table(path, page_checksum_verification=True)
    edited = _edited({n: table.column(n).to_pylist() for n in table.schema.names}, examples, edits)
    columns = [
        pa.array(edited[f.name], type=f.type.value_type if pa.types.is_dictionary(f.type) else f.type)
        for f in table.schema
    ]
    parquet.write_table(pa.table(columns, names=table.schema.names), target, write_page_checksum=True)


def _write_npz(path: Path, examples: ExampleTable, edits: Edits, target: Path) -> None:
    file, roles, count = ArrayFile(path), examples.roles, len(examples)
    arrays = {name: file.read(name) for name in file.headers}
    old_labels = arrays[str(roles.label)]
    donor = _donors(examples)
    arrays = {name: _with_copies(array, count, edits.copied) for name, array in arrays.items()}
    labels = arrays[str(roles.label)]
    labels[edits.flipped] = old_labels[[donor[int(c)] for c in edits.new_label]]
    labels[count:] = old_labels[[donor[int(c)] for c in edits.copy_label]]
    if len(edits.copied):
        _vary_copies(arrays, roles, count, edits.rng, path.name)
    np.savez_compressed(target, **arrays)  # type: ignore[arg-type]


def _donors(examples: ExampleTable) -> dict[int, int]:
    """Class -> the first row that has it: a new label is copied from there, so that it is written as the others are."""
    return {int(c): int(np.flatnonzero(examples.labels == c)[0]) for c in np.unique(examples.labels)}


def _with_copies(array: np.ndarray, count: int, copied: np.ndarray) -> np.ndarray:
    """An array that may be changed; one value for each of the `count` rows has those of the copies at its end."""
    if not len(copied) or array.shape[:1] != (count,):
        return array.copy()
    return array[np.concatenate([np.arange(count), copied])]


def _vary_copies(
    arrays: dict[str, np.ndarray], roles: Roles, count: int, rng: np.random.Generator, source: str
) -> None:
    """Make the copies behind row `count` a little different, and give them ids of their own."""
    if not roles.inputs:
        raise DataError(
            f"{source} holds recorded outputs: they cannot be copied with a difference.", "Plant flips only."
        )
    inputs = arrays[str(roles.inputs)]
    inputs[count:] = [_near_array(cell, rng, inputs[:count]) for cell in inputs[count:]]
    if roles.id:
        ids = arrays[roles.id].tolist()
        _new_ids(ids, count)
        arrays[roles.id] = np.array(ids)


def _near_array(cell: np.ndarray, rng: np.random.Generator, every: np.ndarray) -> np.ndarray:
    """A little different, within the range of all cells: noise that left it would tell another kind of pixels."""
    if cell.dtype == np.uint8 and cell.ndim > 1:
        return near_image(cell, rng)
    if cell.dtype == bool:
        flat = cell.flatten()
        flat[rng.integers(flat.size)] ^= True
        return flat.reshape(cell.shape)
    noise = rng.normal(0, 0.01, cell.shape) * (np.abs(cell).mean() + 1e-6)
    if cell.dtype.kind in "iu":
        noise = np.where(noise < 0, np.floor(noise), np.ceil(noise))  # at least one step
    return np.clip(cell + noise, every.min(), every.max()).astype(cell.dtype)


def _write_folder(root: Path, examples: ExampleTable, edits: Edits, target: Path) -> Path:
    """data/<split>/<class>/<row>_<file>: a flipped image lies in another class's folder; the file is untouched."""
    _refuse_copies(edits)
    labels = examples.labels.copy()
    labels[edits.flipped] = edits.new_label
    names = [*examples.class_names, ""]
    for row, relative in enumerate(_paths(examples)):
        split = examples.splits[row] if examples.roles.split else ""
        place = target / split / names[labels[row]] / f"{row:07d}_{Path(relative).name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / relative, place)
    return target


def _write_manifest(root: Path, examples: ExampleTable, edits: Edits, out: Path) -> tuple[Path, int]:
    """data.csv beside copies of the images at their relative paths."""
    _refuse_copies(edits)
    frame = examples.columns.copy()
    label = str(examples.roles.label)
    donor = {
        int(c): frame[label].iloc[int(np.flatnonzero(examples.labels == c)[0])] for c in np.unique(edits.new_label)
    }
    frame[label] = frame[label].astype(object)
    frame.loc[edits.flipped, label] = [donor[int(c)] for c in edits.new_label]
    for relative in _paths(examples):
        (out / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / relative, out / relative)
    path = str(examples.roles.path)
    frame[path] = [f"./{p}" if is_formula(str(p)) else p for p in frame[path]]  # an apostrophe would name another file
    return out / "data.csv", _write_text(frame, out / "data.csv", ",")


def _refuse_copies(edits: Edits) -> None:
    if len(edits.copied):
        raise DataError("Near-duplicates are not planted into files of images.", "Plant flips only, or give an NPZ.")


def _paths(examples: ExampleTable) -> list[str]:
    return [] if examples.source_path is None else [str(p) for p in examples.source_path]


def source_rows(planted: ExampleTable, folder: bool) -> np.ndarray:
    """int64: for each row of the planted copy its row in the source (a folder is read in the order of new paths)."""
    if not folder:
        return np.arange(len(planted), dtype=np.int64)
    return np.array([int(Path(p).name.split("_", 1)[0]) for p in _paths(planted)], dtype=np.int64)


# By suffix; CSV and TSV are written by `_write_delimited`, which counts the cells that it alters.
_WRITERS: dict[str, Callable[[Path, ExampleTable, Edits, Path], None]] = {
    **dict.fromkeys(JSON_LINES, _write_jsonl),
    ".parquet": _write_parquet,
    ".pq": _write_parquet,
    ".npz": _write_npz,
}
