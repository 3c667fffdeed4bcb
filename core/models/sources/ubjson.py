"""Universal Binary JSON, as XGBoost writes it, read as data: nothing in it is larger than what is left of the file."""

from __future__ import annotations

from typing import Any

import numpy as np

_NUMBERS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
_PLAIN = {b"Z": None, b"T": True, b"F": False}
_DEEPEST = 32  # of values inside values; models have about ten


def read_ubjson(content: bytes) -> Any:
    """dicts, lists, numbers and strings, as `json.loads` gives them. Raises `ValueError` where it ends too
    early, says what cannot be, or goes on.
    """
    reader = _Reader(content)
    value = reader.value(reader.take(1), 0)
    if reader.left:
        raise ValueError(f"{reader.left} bytes are left over")
    return value


class _Reader:
    def __init__(self, content: bytes):
        self._content, self._at = memoryview(content), 0

    @property
    def left(self) -> int:
        """Bytes that are not read yet."""
        return len(self._content) - self._at

    def take(self, count: int) -> bytes:
        """The next bytes. Raises `ValueError` where there are not so many."""
        if not 0 <= count <= self.left:
            raise ValueError("it ends too early")
        self._at += count
        return bytes(self._content[self._at - count : self._at])

    def value(self, kind: bytes, depth: int) -> Any:
        """What follows its mark `kind`. Raises `ValueError` for what cannot be."""
        if depth > _DEEPEST:
            raise ValueError(f"it is nested {depth} deep")
        if kind in _NUMBERS:
            return np.frombuffer(self.take(int(_NUMBERS[kind][2])), _NUMBERS[kind])[0].item()
        if kind in _PLAIN:
            return _PLAIN[kind]
        if kind in b"SC" and kind:
            return self._string() if kind == b"S" else self.take(1).decode("latin-1")
        if kind == b"{":
            return self._object(depth)
        if kind == b"[":
            return self._array(depth)
        raise ValueError(f"it holds the mark {kind!r}")

    def _length(self) -> int:
        kind = self.take(1)
        if kind not in _NUMBERS or _NUMBERS[kind][1] == "f":
            raise ValueError("a length is no whole number")
        return int(self.value(kind, 0))

    def _string(self) -> str:
        return self.take(self._length()).decode("utf-8", "replace")

    def _head(self) -> tuple[bytes, int | None]:
        """(kind of all that follows or b"", how many or None), as they stand at the beginning of a list."""
        kind = self.take(2)[1:] if self._next() == b"$" else b""
        if self._next() != b"#":
            if kind:
                raise ValueError("a kind stands without a count")
            return b"", None
        self.take(1)
        count = self._length()
        if not 0 <= count <= self.left:
            raise ValueError(f"a list says that it holds {count} values")
        return kind, count

    def _next(self) -> bytes:
        return bytes(self._content[self._at : self._at + 1])

    def _array(self, depth: int) -> Any:
        kind, count = self._head()
        if kind in _NUMBERS and count is not None:
            return np.frombuffer(self.take(count * int(_NUMBERS[kind][2])), _NUMBERS[kind]).tolist()
        found: list[Any] = []
        while (count is None and self._next() != b"]") or (count is not None and len(found) < count):
            found.append(self.value(kind or self.take(1), depth + 1))
        if count is None:
            self.take(1)
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        kind, count = self._head()
        found: dict[str, Any] = {}
        done = 0
        while (count is None and self._next() != b"}") or (count is not None and done < count):
            name = self._string()
            found[name] = self.value(kind or self.take(1), depth + 1)
            done += 1
        if count is None:
            self.take(1)
        return found
