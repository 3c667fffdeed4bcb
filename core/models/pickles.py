"""Which types the pickle inside a checkpoint names, read as opcodes: nothing of it is ever run here."""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_MOST = 64 * 2**20  # bytes of opcodes read; tensors lie outside them
_PICKLES = 5  # a file of torch before 1.6 begins with five: magic number, version, machine, the object, its keys
_MEMO = {"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"}


def named_types(path: Path) -> list[str]:
    """ "module.name" of every type or function, in order of appearance; [] where there is no pickle to be read."""
    found: list[str] = []
    try:
        stream = io.BytesIO(_pickled(path))
        for _ in range(_PICKLES):
            found += _named(stream)
    except (ValueError, EOFError, OSError, IndexError, UnicodeDecodeError, KeyError, zipfile.BadZipFile):
        pass  # damaged, or at its end: what was named before that counts
    return list(dict.fromkeys(found))


def _pickled(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        with open(path, "rb") as file:
            return file.read(_MOST)
    with zipfile.ZipFile(path) as archive:
        member = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        with archive.open(member) as file:
            return file.read(_MOST)


_GLOBAL = ("GLOBAL", "INST")


def _named(stream: io.BytesIO) -> Iterator[str]:
    """GLOBAL carries both names; STACK_GLOBAL takes the last two texts, which may come from the memo."""
    texts = _Texts()
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name in _GLOBAL:
            yield str(argument).replace(" ", ".")
        elif opcode.name == "STACK_GLOBAL" and len(texts.seen) >= 2:
            yield ".".join(texts.seen[-2:])
        texts.follow(opcode.name, argument)


class _Texts:
    """The texts that a pickle has put on its stack so far, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._memo: dict[Any, str] = {}
        self._memoized = 0
        self._last: str | None = None

    def follow(self, opcode: str, argument: Any) -> None:
        """One step of the pickle: a text is pushed, put into the memo, or taken from it."""
        if opcode in _MEMO and self._last is not None:
            self._memo[self._memoized if opcode == "MEMOIZE" else argument] = self._last
        elif "GET" in opcode and argument in self._memo:
            self.seen.append(self._memo[argument])
        self._memoized += opcode == "MEMOIZE"
        self._last = argument if isinstance(argument, str) and "GET" not in opcode else None
        if self._last is not None and opcode not in _GLOBAL:
            self.seen.append(self._last)
