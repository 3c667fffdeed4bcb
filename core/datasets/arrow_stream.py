"""Arrow streams read batch by batch; what a compressed batch unpacks to is read from its message before it is."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.types.errors import DataError

from .columnar import refusals
from .limits import Budget, refuse_odd_kinds

_HEADER_TYPE, _HEADER = 1, 2  # fields of Message in Arrow's Message.fbs
_LENGTH, _BUFFERS, _COMPRESSION = 0, 2, 3  # fields of RecordBatch
_DATA = 1  # field of DictionaryBatch
_IS_DICTIONARY, _IS_BATCH = 2, 3  # kinds of message


def stream_rows(path: Path, budget: Budget) -> int:
    """How many rows the stream holds; refuses one whose batches would unpack to more than the budget has."""
    import pyarrow as pa

    rows = 0
    with _opened(path) as source, refusals(path, "Arrow"):
        for message in pa.ipc.MessageReader.open_stream(source):
            length, size = _message_size(message.metadata.to_pybytes(), message.body)
            rows += length
            budget.check_bytes(size)  # of one batch: they are let go one after another
            budget.check_table(rows, 0)
    return rows


def stream_batches(path: Path, budget: Budget) -> Iterator[Any]:
    """The record batches, checked for lengths, offsets and UTF-8, which reading alone takes on trust."""
    import pyarrow as pa

    stream_rows(path, budget)
    with _opened(path) as source, refusals(path, "Arrow"):
        reader = pa.ipc.open_stream(source)
        refuse_odd_kinds(reader.schema, path.name)
        for batch in reader:
            batch.validate(full=True)
            yield batch


def _opened(path: Path) -> Any:
    import pyarrow as pa

    if not path.is_file():
        raise DataError(f"No such file: {path.name}, which the dataset lists.", "Save it again with save_to_disk.")
    with refusals(path, "Arrow"):
        return pa.memory_map(str(path))


def _message_size(message: bytes, body: Any) -> tuple[int, int]:
    """Rows and unpacked bytes of one message; 0 rows for a dictionary or a schema."""
    try:
        return _measured(message, body)
    except struct.error as error:
        raise ValueError(f"a message of {len(message)} bytes makes no sense: {error}") from None


def _measured(message: bytes, body: Any) -> tuple[int, int]:
    root = _unsigned(message, 0)
    kind, header = _field(message, root, _HEADER_TYPE), _table(message, root, _HEADER)
    if not kind or not header or message[kind] not in (_IS_DICTIONARY, _IS_BATCH):
        return 0, 0
    batch = header if message[kind] == _IS_BATCH else _table(message, header, _DATA)
    at = _field(message, batch, _LENGTH)
    rows = struct.unpack_from("<q", message, at)[0] if at and message[kind] == _IS_BATCH else 0
    return rows, _unpacked(message, batch, body) if _field(message, batch, _COMPRESSION) else len(body or b"")


def _unpacked(message: bytes, batch: int, body: Any) -> int:
    """Each compressed buffer begins with the number of bytes it unpacks to; -1 marks one that is stored as it is."""
    start = _table(message, batch, _BUFFERS)
    total = 0
    for number in range(_unsigned(message, start) if start else 0):
        offset, length = struct.unpack_from("<qq", message, start + 4 + 16 * number)
        size = struct.unpack_from("<q", body, offset)[0] if length >= 8 else 0
        total += max(size, length)
    return total


def _unsigned(message: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", message, at)[0])


def _field(message: bytes, table: int, number: int) -> int:
    """Where a field of a flatbuffer table lies; 0 when it is left out."""
    vtable = table - struct.unpack_from("<i", message, table)[0]
    size = struct.unpack_from("<H", message, vtable)[0]
    place = 4 + 2 * number
    inside = struct.unpack_from("<H", message, vtable + place)[0] if place + 2 <= size else 0
    return table + inside if inside else 0


def _table(message: bytes, table: int, number: int) -> int:
    """Where the table or vector behind an offset field lies; 0 when it is left out."""
    at = _field(message, table, number)
    return at + _unsigned(message, at) if at else 0
