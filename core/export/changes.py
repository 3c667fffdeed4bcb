"""Which cell was changed, told from the checksums of the manifest alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.datasets.spreadsheet import encode, encode_line

from .levels import MOST_NAMED
from .replay import read_records
from .table import Checksums, row_checksums


def find_changes(name: str, data: bytes, record: Mapping[str, Any]) -> list[str]:
    """Sentences naming the cells where row and column checksums both differ; raises `VerifyError` if it is no CSV."""
    records = read_records(data, name)
    head = records[0]
    expected = [c["name"] for c in record["columns"]]
    if head != expected:
        return [_header(name, head, expected)]
    return _compare(name, head, records[1:], record)


def _header(name: str, head: list[str], expected: list[str]) -> str:
    for k, (is_now, was) in enumerate(zip(head, expected, strict=False)):
        if is_now != was:
            return f"{name}: the header of column {k} reads {is_now!r} instead of {was!r}."
    return f"{name} has {len(head)} columns instead of {len(expected)}."


def _compare(name: str, head: list[str], rows: list[list[str]], record: Mapping[str, Any]) -> list[str]:
    sums = checksums_of(head, rows)
    columns = [k for k, digest in enumerate(sums.columns) if digest.hexdigest() != record["columns"][k]["sha256"]]
    was, now = row_checksums(record["row_crc32"]), np.asarray(sums.rows, np.uint32)
    if len(was) != len(now):
        return [f"{name} has {len(now)} rows instead of {len(was)}; the first that differs is row {_first(was, now)}."]
    changed = np.flatnonzero(was != now)
    if len(changed) == 0 and not columns:
        return [f"{name}: every cell is as exported, but the bytes differ (line ends, quoting or a byte order mark)."]
    cells = [_cell(name, head, rows, int(r), k) for r in changed for k in columns]
    if len(changed) > 1 and len(columns) > 1:
        cells = [f"{name}: {len(changed)} rows and {len(columns)} columns differ; changed cells are among:", *cells]
    more = [f"... and {len(cells) - MOST_NAMED} more."] if len(cells) > MOST_NAMED else []
    return cells[:MOST_NAMED] + more


def checksums_of(head: list[str], rows: list[list[str]]) -> Checksums:
    """The checksums of a CSV as it is on disk."""
    fields = [encode(row[k] for row in rows) for k in range(len(head))]
    sums = Checksums(len(head))
    sums.add(fields, [encode_line(line).encode() for line in zip(*fields, strict=True)])
    return sums


def _first(was: np.ndarray, now: np.ndarray) -> int:
    size = min(len(was), len(now))
    different = np.flatnonzero(was[:size] != now[:size])
    return int(different[0]) if len(different) else size


def _cell(name: str, head: list[str], rows: list[list[str]], row: int, column: int) -> str:
    key = f" ({rows[row][head.index('example_id')]})" if "example_id" in head else ""
    cell = rows[row][column]
    return f"{name} row {row}{key}, column {head[column]!r}: the cell reads {cell!r}, which was not exported."
