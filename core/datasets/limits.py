"""What comes out of a packed file is counted while it is read: a few kilobytes on disk may stand for gigabytes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from core.types.errors import DataError

from .files import GIGABYTE, MEGABYTE, unpack_limit

MAX_RATIO = 200  # of text to the bytes on disk, from half a gigabyte on
_RATIO_FROM = 512 * MEGABYTE
_CELL = 16  # bytes that a value takes beside its text: where it begins, and a number
_NESTED = 20  # bytes of text that a number inside a list becomes
_ROW = 256  # bytes of a row's hash, id, split and labels


class Size(NamedTuple):
    """values: numbers or texts, those inside lists each. text: bytes of the texts, each as often as it is used."""

    values: int
    text: int

    def plus(self, other: Size) -> Size:
        """Both together."""
        return Size(self.values + other.values, self.text + other.text)


class Budget:
    """What one source may unpack to; more is a `DataError` that says how much.

    on_disk: bytes of its files. limit: the most memory, that of all sources by default.
    """

    def __init__(self, name: str, on_disk: int, limit: int | None = None):
        self._name, self._on_disk = name, on_disk
        self._limit = unpack_limit() if limit is None else limit
        self._memory = self._text = 0

    def check_bytes(self, count: int) -> None:
        """Refuse `count` more unpacked bytes when they are too many, or too many for so small a file."""
        self._check_memory(count)
        text = self._text + count
        if text > max(_RATIO_FROM, MAX_RATIO * self._on_disk):
            self._refuse(text, f"{text / max(self._on_disk, 1):,.0f}×; the limit is {MAX_RATIO}×")

    def check_table(self, rows: int, values: int) -> None:
        """Refuse a table whose rows and cells would be too many, whatever is in them."""
        self._check_memory(_ROW * rows + _CELL * values)

    def spend(self, rows: int, size: Size) -> None:
        """Count rows that are about to become text."""
        self.check_bytes(size.text)
        memory = _ROW * rows + _CELL * size.values + size.text
        self._check_memory(memory)
        self._memory += memory
        self._text += size.text

    def _check_memory(self, more: int) -> None:
        if self._memory + more > self._limit:
            self._refuse(self._memory + more, f"the limit is {self._limit / GIGABYTE:.1f} GB")

    def _refuse(self, total: int, why: str) -> None:
        raise DataError(
            f"{self._name} would unpack to {total / GIGABYTE:.1f} GB or more ({why}).",
            "Give a smaller file, or free memory.",
        )


class UnsafeFileError(DataError):
    """Reading the file crashed, hung, or wanted more memory than there is or is allowed."""


def too_large(name: str) -> UnsafeFileError:
    """The words for memory that ran out in spite of all counting."""
    return UnsafeFileError(f"{name} needs more memory than there is.", "Give a smaller file, or free memory.")


def batch_size(batch: Any) -> Size:
    """What a record batch takes as text."""
    total = Size(0, 0)
    for column in batch.columns:
        total = total.plus(text_size(column))
    return total


def text_size(array: Any) -> Size:
    """What an Arrow array takes as text."""
    import pyarrow as pa
    from pyarrow import types

    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return text_size(array.storage)
    if types.is_dictionary(kind):
        return _dictionary_size(array)
    total = Size(len(array), _total(_lengths(array)) if _has_length(kind) else 0)
    for part in _inside(array):
        inner = text_size(part)
        total = Size(total.values + inner.values, total.text + inner.text + _NESTED * len(part))
    return total


def _inside(array: Any) -> list[Any]:
    """The arrays that a nested one is made of."""
    from pyarrow import types

    kind = array.type
    if types.is_struct(kind):
        return list(array.flatten())
    if types.is_map(kind):
        return [array.keys, array.items]
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return [array.flatten()]
    return []


def _dictionary_size(array: Any) -> Size:
    """Each value as often as the indices name it; nested values are taken as large as all of them together."""
    import pyarrow as pa

    values = array.dictionary
    if pa.types.is_nested(values.type):
        one = text_size(values)
        return Size(len(array) * one.values, len(array) * one.text)
    return Size(len(array), _total(_lengths(values).take(array.indices)) if _has_length(values.type) else 0)


def _total(lengths: Any) -> int:
    from pyarrow import compute

    return int(compute.sum(lengths).as_py() or 0)


def _has_length(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary, types.is_fixed_size_binary)
    return _is_view(kind) or any(test(kind) for test in tests)


def _is_view(kind: Any) -> bool:
    from pyarrow import types

    return types.is_string_view(kind) or types.is_binary_view(kind)


def _lengths(array: Any) -> Any:
    """Bytes of each value, int64."""
    import pyarrow as pa
    from pyarrow import compute

    if not _is_view(array.type):
        return compute.binary_length(array).cast(pa.int64())
    views = np.frombuffer(array.buffers()[1], np.int32)[::4]  # a view of 16 bytes begins with its length
    return pa.array(views[array.offset : array.offset + len(array)].astype(np.int64))


def refuse_odd_kinds(schema: Any, source: str) -> None:
    """Refuse columns whose values repeat each other in ways that cannot be counted before they are unpacked.

    Raises `ValueError` for names that are not UTF-8: pyarrow looks at each only when it is asked for it.
    """
    from pyarrow import types

    odd = (types.is_run_end_encoded, types.is_list_view, types.is_large_list_view, types.is_union)
    for field, name in zip(schema, schema.names, strict=True):
        below = [field.type]
        while below:
            kind = below.pop()
            if any(test(kind) for test in odd):
                raise DataError(
                    f'{source}: the column "{name}" is of the type {field.type}, which is not read.',
                    "Save it as text, numbers or lists.",
                )
            below += [kind.value_type] if types.is_dictionary(kind) else []
            fields = [kind.field(i) for i in range(kind.num_fields)]
            below += [inner.type for inner in fields if inner.name is not None]  # a name that is not UTF-8 raises
