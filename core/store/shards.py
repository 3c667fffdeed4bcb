"""Scores <-> Parquet shards with page checksums: a flipped byte is an error, never a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.types.errors import RunError

from .atomic import sha256_of, write_with
from .cards import mixed
from .verified import agrees

SHARD_ROWS = 50_000  # about 1 MB a file: little is computed again where one is damaged or missing
# Neighboring ids share their beginnings, rows count up, floats compress byte by byte: half the size of the defaults.
_ENCODING = {
    "id": "DELTA_BYTE_ARRAY",
    "row": "DELTA_BINARY_PACKED",
    "value": "BYTE_STREAM_SPLIT",
    "spread": "BYTE_STREAM_SPLIT",
}


def write_parquet(path: Path, table: pa.Table, encoding: Mapping[str, str] | None = None) -> Path:
    """Replace `path` by `table`, with a checksum on every page."""
    how = {"use_dictionary": False, "column_encoding": dict(encoding)} if encoding else {}
    settings = {"compression": "zstd", "write_page_checksum": True, **how}
    return write_with(path, lambda file: pq.write_table(table, file, **settings))


def read_parquet(path: Path) -> pa.Table:
    """The table in `path`, checksums verified; raises `RunError` naming the file."""
    try:
        return pq.read_table(path, page_checksum_verification=True, partitioning=None)
    except FileNotFoundError:
        raise RunError(f"{path} is missing.", "Resume the run: what is missing is computed again.") from None
    except (OSError, pa.ArrowException) as error:
        first = str(error).splitlines()[0]
        raise RunError(f"{path} is damaged: {first}", "Resume the run: damaged scores are computed again.") from error


def write_shards(
    folder: Path, ids: np.ndarray, values: np.ndarray, spread: np.ndarray | None, shard_rows: int = SHARD_ROWS
) -> list[dict[str, Any]]:
    """Write one score (float32 [N], NaN = not computed -> null); returns the manifest rows of its shards."""
    manifest = []
    for number, start in enumerate(range(0, max(len(ids), 1), shard_rows)):
        stop = min(start + shard_rows, len(ids))
        path = folder / f"part-{number:05d}.parquet"
        shard = _shard(ids, values, spread, start, stop)
        write_parquet(path, shard, {name: how for name, how in _ENCODING.items() if name in shard.column_names})
        manifest.append({"file": path.name, "rows": stop - start, "sha256": sha256_of(path)})
    return manifest


def id_column(ids: np.ndarray) -> pa.Array:
    """The ids [N] as shards hold them: made once, compared with every shard."""
    return pa.array(ids.astype(str), pa.string())


def read_shards(
    folder: Path, manifest: Sequence[Mapping[str, Any]], ids: pa.Array
) -> tuple[np.ndarray, np.ndarray | None]:
    """Values and spread, float32 [N] read-only; every file must agree with its manifest row and with the run's ids.

    Raises `RunError` where one does not, or rows are missing.
    """
    rows = len(ids)
    values = np.full(rows, np.nan, np.float32)
    spread = np.full(rows, np.nan, np.float32)
    has_spread, seen = False, 0
    for entry in manifest:
        table = read_parquet(_checked(folder, entry))
        place = table["row"].to_numpy()
        if len(place) and (place.min() < 0 or place.max() >= rows):
            raise mixed(folder / entry["file"], f"it has rows outside 0..{rows - 1}.")
        if not _same_ids(table, ids):
            raise mixed(folder / entry["file"], "the ids in it are not those of this run's rows.")
        values[place] = _floats(table["value"])
        if "spread" in table.column_names:
            spread[place], has_spread = _floats(table["spread"]), True
        seen += table.num_rows
    if seen != rows:
        raise RunError(f"{folder} holds {seen} of {rows} rows.", "Resume the run: missing shards are computed again.")
    for array in (values, spread):
        array.flags.writeable = False
    return values, spread if has_spread else None


def shards_agree(folder: Path, manifest: Sequence[Mapping[str, Any]], ids: pa.Array) -> bool:
    """Whether the shards are whole and of these rows: only then is a score done."""
    try:
        read_shards(folder, manifest, ids)
    except RunError:
        return False
    return bool(manifest)


def _same_ids(table: pa.Table, ids: pa.Array) -> bool:
    place = table["row"].to_numpy()
    if len(place) == 0:
        return True
    is_slice = place[-1] - place[0] == len(place) - 1 and bool(np.all(np.diff(place) == 1))
    own = ids.slice(int(place[0]), len(place)) if is_slice else ids.take(pa.array(place))
    return table["id"].combine_chunks().equals(own)


def _shard(ids: np.ndarray, values: np.ndarray, spread: np.ndarray | None, start: int, stop: int) -> pa.Table:
    part = values[start:stop].astype(np.float32)
    columns = {
        "id": id_column(ids[start:stop]),
        "row": pa.array(np.arange(start, stop)),
        "value": pa.array(part, pa.float32(), mask=np.isnan(part)),
    }
    if spread is not None:
        around = spread[start:stop].astype(np.float32)
        columns["spread"] = pa.array(around, pa.float32(), mask=np.isnan(around))
    return pa.table(columns)


def _floats(column: pa.ChunkedArray) -> np.ndarray:
    return column.to_numpy(zero_copy_only=False).astype(np.float32)


def _checked(folder: Path, entry: Mapping[str, Any]) -> Path:
    path = folder / entry["file"]
    if path.is_file() and not agrees(path, entry["sha256"]):
        raise RunError(
            f"{path} is damaged: its bytes differ from the manifest's sha256.",
            "Resume the run: damaged scores are computed again.",
        )
    return path
