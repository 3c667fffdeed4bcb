"""Parquet as text tables, with the file of every fault; what comes out is counted batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from core.types.errors import DataError

from .cells import column_text, kind_words, text_frame
from .delimited import check_names
from .files import MEGABYTE, open_regular, unpack_limit
from .limits import Budget, batch_size, refuse_odd_kinds, too_large

_BATCH = 1 << 20  # rows; the distinct texts of a row group are gathered anew for each batch
_UNCOUNTED = 1_000  # rows of texts stored as differences, whose size is only known once they are read
_LOOK = 16 * MEGABYTE  # of text, which is enough for a look
_KINDS = (("integer", "is_integer"), ("fraction", "is_floating"), ("fraction", "is_decimal"), ("text", "is_string"),
          ("text", "is_large_string"), ("nothing", "is_null"))  # fmt: skip


def read_parquet(path: Path, rows: int | None = None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """One Parquet file, or a folder of shards in order of their names, as text; and what a person should know.

    rows: about how many of the first file are read, all of all files by default.
    """
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    tables, warnings, first = list[Any](), dict[str, None](), None
    budget = Budget(path.name, sum(file.stat().st_size for file in files if file.is_file()))
    for file in files:
        shard = open_shard(file)
        first = first or shard.schema_arrow
        warnings |= dict.fromkeys(compare_schemas(shard.schema_arrow, first, file.name, files[0].name))
        tables += _texts(file, shard, budget, rows)
        if rows is not None and tables:
            break
    assert first is not None
    return text_frame(_joined(tables, first.names)), (*warnings, *schema_words(first))


def as_text(table: Any, source: str) -> Any:
    """A table as large_string columns."""
    return _joined([batch_text(batch, source) for batch in table.to_batches()], table.schema.names)


def _joined(tables: list[Any], names: list[str]) -> Any:
    import pyarrow as pa

    empty = pa.schema([(name, pa.large_string()) for name in names]).empty_table()
    return pa.concat_tables(tables or [empty])


def schema_words(schema: Any) -> list[str]:
    """One line for each column whose cells are no plain values."""
    return [f'"{field.name}" {words}' for field in schema if (words := kind_words(field.type))]


def parquet_rows(path: Path) -> int:
    """How many rows one Parquet file, or all shards in a folder, say they hold."""
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    return sum(open_shard(file).metadata.num_rows for file in files)


def parquet_schema(path: Path) -> Any:
    """The schema of one Parquet file, or of the first shard in a folder."""
    first = min(path.glob("*.parquet")) if path.is_dir() else path
    return open_shard(first, dictionaries=False).schema_arrow


def open_shard(path: Path, dictionaries: bool = True) -> Any:
    """A Parquet file, opened. Raises `DataError` for an empty or damaged one.

    dictionaries: texts stay the distinct ones and a number a row, so that their size is known before it is taken."""
    from pyarrow import parquet

    with open_regular(path) as file:
        if file.read(1) == b"":
            raise DataError(f"{path.name} is an empty file.", "Write it again.")
    options: dict[str, Any] = {"page_checksum_verification": True, "memory_map": False}
    with refusals(path, "Parquet"):
        shard = parquet.ParquetFile(path, **options)
        refuse_odd_kinds(shard.schema_arrow, path.name)
        if not dictionaries:
            return shard
        columns = [shard.schema.column(i) for i in range(len(shard.schema))]
        texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
        return parquet.ParquetFile(path, read_dictionary=texts, **options)


def compare_schemas(schema: Any, first: Any, name: str, first_name: str) -> Iterator[str]:
    """Say where a shard holds whole numbers and the first fractions, or the reverse.

    Raises `DataError` for a shard of other columns, or of other kinds, than the first.
    """
    if schema.names != first.names:
        raise DataError(
            f"{name} has other columns than {first_name}: {', '.join(schema.names)}.",
            f"Every shard needs the columns {', '.join(first.names)}.",
        )
    for field, known in zip(schema, first, strict=True):
        kinds = {_kind(field.type), _kind(known.type)} - {"nothing"}
        if kinds == {"integer", "fraction"}:
            yield f'"{field.name}" holds whole numbers in one file and fractions in another: 1 and 1.0 are two texts'
        elif len(kinds) > 1:
            raise DataError(
                f'{name}: the column "{field.name}" is {_plain(field.type)}, but in {first_name} it is '
                f"{_plain(known.type)}.",
                "Write all shards with one schema.",
            )


def _plain(kind: Any) -> Any:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _kind(kind: Any) -> str:
    import pyarrow as pa

    kind = _plain(kind)
    return next((word for word, test in _KINDS if getattr(pa.types, test)(kind)), str(kind))


def _texts(path: Path, shard: Any, budget: Budget, rows: int | None) -> Iterator[Any]:
    """The text of each batch; a batch is only turned into text once its size is known to fit."""
    check_names(shard.schema_arrow.names, path.name)
    _check_metadata(shard.metadata, budget)
    batches = _batches(path, shard, rows)
    with refusals(path, "Parquet"):
        for batch in batches:
            batch.validate(full=True)  # lengths, offsets and UTF-8, which reading alone takes on trust
            kept = batch if rows is None else short_head(batch, rows)
            budget.spend(len(kept), batch_size(kept))
            yield batch_text(kept, path.name)
            if rows is not None:
                return


def short_head(batch: Any, rows: int) -> Any:
    """The first `rows`; fewer where their cells are so large that a look needs no more."""
    batch = batch.slice(0, rows)
    size = batch_size(batch).text
    return batch if size <= _LOOK else batch.slice(0, max(5, _LOOK * len(batch) // size))


def _check_metadata(metadata: Any, budget: Budget) -> None:
    budget.check_bytes(sum(_group_sizes(metadata)))
    budget.check_table(metadata.num_rows, metadata.num_rows * metadata.num_columns)


def _batches(path: Path, shard: Any, rows: int | None) -> Iterator[Any]:
    """Batches of a shard; texts stored as differences do not come as distinct ones and are read a few at a time."""
    done = 0
    try:
        for batch in _one_thread(shard, _BATCH if rows is None else min(rows, _BATCH)):
            yield batch
            done += len(batch)
    except OSError as error:
        if "DictAccumulator" not in str(error):
            raise
        for batch in _one_thread(open_shard(path, dictionaries=False), _few(shard.metadata, rows)):
            yield batch.slice(max(done, 0))
            done -= len(batch)


def _one_thread(shard: Any, rows: int) -> Iterator[Any]:
    """Batches of so many rows; memory that runs out in a thread of the reader's own would end the whole process."""
    return shard.iter_batches(batch_size=rows, use_threads=False)


def _few(metadata: Any, rows: int | None) -> int:
    """So few rows that each may be as long as all of them and there is still room for them."""
    room = unpack_limit() // 4 if rows is None else _LOOK
    return max(1, min(rows or _UNCOUNTED, _UNCOUNTED, room // max([1, *_group_sizes(metadata)])))


def _group_sizes(metadata: Any) -> list[int]:
    """Unpacked bytes of each row group. pyarrow ends the process when a damaged column is asked for its own."""
    return [metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)]


def batch_text(batch: Any, source: str) -> Any:
    """A record batch as a table of large_string columns."""
    import pyarrow as pa

    names = batch.schema.names
    return pa.table([column_text(c, n, source) for n, c in zip(names, batch.columns, strict=True)], names=names)


@contextmanager
def refusals(path: Path, format_name: str) -> Iterator[None]:
    """Turn what Arrow raises into words: memory that ran out, and bytes that make no sense."""
    import pyarrow as pa

    try:
        yield
    except MemoryError:
        raise too_large(path.name) from None
    except (pa.ArrowException, OSError, ValueError, OverflowError, LookupError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise DataError(
            f"{path.name} is damaged or truncated {format_name}: {reason.rstrip('.')}.",
            "Write it again from its source.",
        ) from None
