"""What other formats hold of an export: written, and written again to see whether they still say it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.datasets.arrow_stream import stream_batches
from core.datasets.columnar import as_text, read_parquet
from core.datasets.limits import Budget
from core.types.errors import CurationError

from .formats import FORMATS, ExportFormat, HandOver

_TABLES = (".parquet", ".arrow")  # their bytes follow the version of Arrow, their values do not


def write_formats(folder: Path, handed: HandOver, formats: Sequence[ExportFormat]) -> dict[str, Any]:
    """Write each into the folder: {file: its sha256 and how many rows it tells of}."""
    rows: dict[str, int] = {}
    for one in formats:
        rows |= one.write(handed, folder)
    return {name: {"sha256": _sha256(folder / name), "rows": count} for name, count in rows.items()}


def changed_formats(folder: Path, outputs: Mapping[str, Any], handed: HandOver, with_run: bool) -> list[str]:
    """Sentences about listed files that say something else than this export does.

    with_run: whether `handed` has what the run alone knows; without it formats that need it are passed over.
    """
    findings = []
    for one in FORMATS[1:]:  # of the first, every cell is compared elsewhere
        listed = [name for name in one.files if name in outputs]
        if listed and (with_run or not one.needs_run):
            findings += _changed(folder, listed, outputs, handed, one)
    return findings


def _changed(
    folder: Path, listed: Sequence[str], outputs: Mapping[str, Any], handed: HandOver, one: ExportFormat
) -> list[str]:
    if why := one.why_not(handed.view, handed.facts):
        return [f"{listed[0]} cannot be written again: {why}"]
    with tempfile.TemporaryDirectory(prefix="chaffinch-verify-") as scratch:
        try:
            rows = (one.only_list or one.write)(handed, Path(scratch))
        except CurationError as error:
            return [f"{listed[0]} cannot be written again: {error}"]
        values = [words for name in listed for words in _differences(folder / name, Path(scratch) / name, name)]
    return values + [
        f"manifest.json: {name} has {outputs[name]['rows']} rows there, replaying gives {rows[name]}."
        for name in listed
        if outputs[name]["rows"] != rows[name]
    ]


def _differences(path: Path, again: Path, name: str) -> list[str]:
    twin = f"{path.stem}.csv" if f"{path.stem}.csv" in FORMATS[0].files else "decisions.csv"
    if path.suffix not in _TABLES:
        same = path.is_file() and path.read_bytes() == again.read_bytes()
        return [] if same else [f"{name}: its values are not those of {twin}."]
    now, then = _table(path), _table(again)
    if list(now) != list(then):
        return [f"{name} has other columns than {twin}."]
    wrong = [column for column, cells in then.items() if now[column] != cells]
    return [f"{name}, column {column!r}: its values are not those of {twin}." for column in wrong]


def _table(path: Path) -> dict[str, list[str]]:
    """Every column as text, which is the same whatever kind Arrow keeps it as."""
    frame = read_parquet(path)[0] if path.suffix == ".parquet" else _stream(path)
    return {str(name): frame[name].tolist() for name in frame.columns}


def _stream(path: Path) -> Any:
    import pyarrow as pa

    batches = list(stream_batches(path, Budget(path.name, path.stat().st_size)))
    return as_text(pa.Table.from_batches(batches), path.name).to_pandas() if batches else pa.table({}).to_pandas()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
