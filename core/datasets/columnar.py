"""Parquet and JSONL as text tables, with the file and line of every fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from core.types.errors import DataError

from .files import GIGABYTE, MEGABYTE, open_regular, unpack_limit

LINE_LIMIT = 16 * MEGABYTE
# What Arrow's own errors leave out: names and texts that are not UTF-8, and sizes that lie.
_DAMAGE = (OSError, ValueError, MemoryError, OverflowError, LookupError)


def read_parquet(path: Path, rows: int | None = None) -> pd.DataFrame:
    """One Parquet file, or a folder of shards in order of their names, as text; `rows` limits how many are read."""
    import pyarrow as pa

    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    tables: list[pa.Table] = []
    for file in files:
        table = _read_shard(file, rows)
        if tables and table.schema.names != tables[0].schema.names:
            raise DataError(
                f"{file.name} has other columns than {files[0].name}: {', '.join(table.schema.names)}.",
                f"Every shard needs the columns {', '.join(tables[0].schema.names)}.",
            )
        tables.append(table)
        if rows is not None and sum(len(t) for t in tables) >= rows:
            break
    return pa.concat_tables([as_text(t) for t in tables]).to_pandas()


def parquet_rows(path: Path) -> int:
    """How many rows one Parquet file, or all shards in a folder, say they hold."""
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    return sum(_open_shard(file).metadata.num_rows for file in files)


def parquet_schema(path: Path):
    """The schema of one Parquet file, or of the first shard in a folder."""
    return _open_shard(min(path.glob("*.parquet")) if path.is_dir() else path).schema_arrow


def _open_shard(path: Path):
    import pyarrow as pa
    from pyarrow import parquet

    with open_regular(path) as file:
        if file.read(1) == b"":
            raise DataError(f"{path.name} is an empty file.", "Write it again.")
    try:
        shard = parquet.ParquetFile(path, page_checksum_verification=True, memory_map=False)
    except (pa.ArrowException, *_DAMAGE) as error:
        raise _damaged(path, error) from None
    size = sum(shard.metadata.row_group(i).total_byte_size for i in range(shard.metadata.num_row_groups))
    if size > unpack_limit():
        raise DataError(
            f"{path.name} would unpack to {size / GIGABYTE:.1f} GB.", "Give a smaller file, or free memory."
        )
    return shard


def _read_shard(path: Path, rows: int | None):
    import pyarrow as pa

    shard = _open_shard(path)
    names = shard.schema_arrow.names
    if len(set(names)) != len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise DataError(f'{path.name}: the column "{twice}" appears twice.', "Rename one of them.")
    try:
        table = shard.read() if rows is None else _first_rows(shard, rows)
        table.validate(full=True)  # lengths, offsets and UTF-8, which reading alone takes on trust
    except (pa.ArrowException, *_DAMAGE) as error:
        raise _damaged(path, error) from None
    return table


def _first_rows(shard, rows: int):
    import pyarrow as pa

    batch = next(shard.iter_batches(batch_size=rows), None)
    return shard.schema_arrow.empty_table() if batch is None else pa.Table.from_batches([batch])


def _damaged(path: Path, error: BaseException) -> DataError:
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    return DataError(
        f"{path.name} is damaged or truncated Parquet: {reason.rstrip('.')}.", "Write it again from its source."
    )


def as_text(table):
    """Each column as strings, a null as the empty text."""
    import pyarrow as pa
    from pyarrow import compute

    columns = []
    for column in table.columns:
        kind = column.type
        if pa.types.is_dictionary(kind):
            column = column.cast(kind.value_type)
            kind = kind.value_type
        if pa.types.is_nested(kind):
            column = pa.chunked_array([pa.array([cell_text(v) for v in column.to_pylist()], pa.large_string())])
        elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
            column = pa.chunked_array(
                [pa.array([f"<{len(v or b'')} bytes>" for v in column.to_pylist()], pa.large_string())]
            )
        columns.append(compute.fill_null(column.cast(pa.large_string()), ""))
    return pa.table(columns, names=table.schema.names)


def cell_text(value: Any) -> str:
    """A JSON value as the text of one cell; null is the empty text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def read_jsonl(path: Path, rows: int | None = None) -> pd.DataFrame:
    """One JSON object per line, as text; nested values as JSON text."""
    records: list[dict[str, Any]] = []
    with open_regular(path) as file:
        for number, line in enumerate(iter(lambda: file.readline(LINE_LIMIT + 1), b""), 1):
            if len(line) > LINE_LIMIT:
                raise DataError(f"{path.name}, line {number}: above the limit of 16 MB a line.", "Shorten the line.")
            if line.strip():
                records.append(parse_json_line(line, f"{path.name}, line {number}"))
            if rows is not None and len(records) >= rows:
                break
    if not records:
        raise DataError(f"{path.name} has no columns and 0 rows.", "Give one JSON object per line.")
    names = list(dict.fromkeys(name for record in records for name in record))
    return pd.DataFrame({name: [cell_text(record.get(name)) for record in records] for name in names}, dtype=str)


def parse_json_line(line: bytes, where: str) -> dict[str, Any]:
    """One object; everything else is refused, naming `where`."""
    try:
        value = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)
    except RecursionError:
        raise DataError(f"{where}: nested too deeply.", "Flatten the object.") from None
    except UnicodeDecodeError:
        raise DataError(f"{where}: not UTF-8.", "Save the file as UTF-8.") from None
    except json.JSONDecodeError as error:
        cut = error.pos >= len(error.doc.rstrip()) - 1 or "Unterminated" in error.msg
        raise DataError(
            f"{where}: {'truncated JSON' if cut else 'not JSON'} ({error.msg}, column {error.colno}).",
            "Complete or remove the line.",
        ) from None
    except ValueError as error:
        raise DataError(f"{where}: {error}.", "Write missing values as null, and each key once.") from None
    if not isinstance(value, dict):
        raise DataError(f"{where}: not a JSON object.", 'Each line looks like {"text": "...", "label": "..."}.')
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"the literal {name} is not JSON")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [k for k, _ in pairs]
        raise ValueError(f'the key "{next(n for n in names if names.count(n) > 1)}" appears twice')
    return record
