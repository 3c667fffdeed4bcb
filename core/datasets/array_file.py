"""One face for .npz, .npy and IDX files: headers first, small arrays in memory, large ones memory-mapped."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from core.types.errors import DataError

from .array_archives import Header, extract_member, npy_header, npz_headers, read_member
from .cache import cache_folder, cached_file
from .files import file_digest, open_regular, unpack_limit
from .report import some_rows
from .roles import LABEL_NAMES

_ONE_EACH = "Save one value for each row: y.argmax(axis=1) of one-hot labels, y.ravel() of a single column."
CLASS_NAMES = ("class_names", "classes", "label_names", "names", "target_names")
_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def is_idx(path: Path) -> bool:
    """Whether a file name is that of an IDX file (t10k-images-idx3-ubyte.gz, train-labels.idx1-ubyte)."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith("-ubyte") or ".idx" in name or "-idx" in name


def is_arrays(path: Path) -> bool:
    """Whether a path is an array file by its name."""
    return not path.is_dir() and (path.suffix.lower() in (".npz", ".npy") or is_idx(path))


class ArrayFile:
    """The arrays of one file by name; nothing is unpacked before it is asked for."""

    def __init__(self, path: Path, cache: Path | None = None):
        self.path, self._cache = path, cache
        self._idx = is_idx(path)
        if self._idx:
            self.headers = {"array": _idx_header(path)}
        elif path.suffix.lower() == ".npy":
            header = npy_header(path)
            self.headers = {header.name: header}
        else:
            self.headers = npz_headers(path)

    def header(self, name: str) -> Header:
        """The header of one array; `DataError` for a missing name, listing those that are there."""
        if name not in self.headers:
            listed = ", ".join(f"{h.name} {h.shape}" for h in self.headers.values())
            raise DataError(f'{self.path.name} has no array "{name}". Arrays: {listed}.', "Choose one of them.")
        return self.headers[name]

    def read(self, name: str) -> np.ndarray:
        """The array in memory."""
        header = self.header(name)
        return _read_idx(self.path, header) if self._idx else read_member(self.path, header)

    def text(self, name: str) -> pd.Series:
        """A 1-D array in memory, as text."""
        return array_text(self.read(name), f'{self.path.name}: the array "{name}"')

    def mapped(self, name: str) -> np.ndarray:
        """The array memory-mapped, unpacked once to the cache under the hash of its file."""
        header = self.header(name)
        if self._idx:
            return self._mapped_idx(header)
        if self.path.suffix.lower() == ".npy":
            return extract_member(self.path, header, self.path)
        return extract_member(self.path, header, self.target(name))

    def target(self, name: str, kind: str = "") -> Path:
        """Where the cache keeps one array."""
        key = hashlib.sha256(f"{file_digest(self.path)}/{name}/{kind}".encode()).hexdigest()
        return cache_folder(self._cache) / f"{key[:32]}.npy"

    def _mapped_idx(self, header: Header) -> np.ndarray:
        target = self.target(header.name)
        if not target.exists():
            with cached_file(target, self.path.name) as out:
                np.save(out, _read_idx(self.path, header), allow_pickle=False)
        return np.load(target, mmap_mode="r", allow_pickle=False)


@contextmanager
def _idx_stream(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    with open_regular(path) as file:
        if path.suffix.lower() != ".gz":
            yield file
            return
        with gzip.GzipFile(fileobj=file) as stream:
            yield stream


def _idx_header(path: Path) -> Header:
    try:
        with _idx_stream(path) as stream:
            magic = stream.read(4)
            if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _IDX_TYPES or not 1 <= magic[3] <= 4:
                raise DataError(f"{path.name} is not an IDX file.", "Give the file as it was published.")
            sizes = stream.read(4 * magic[3])
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} is truncated or damaged: {error}.", "Copy it again.") from None
    shape = tuple(int.from_bytes(sizes[4 * i : 4 * i + 4], "big") for i in range(magic[3]))
    header = Header("array", np.dtype(_IDX_TYPES[magic[2]]), shape, False, 4 + 4 * magic[3])
    packed = path.stat().st_size
    if header.size > unpack_limit() or header.size > 1100 * packed:  # gzip never packs more than 1,032 times
        raise DataError(
            f"{path.name} claims the shape {shape}, {header.size:,} bytes, but has {packed:,} packed bytes.",
            "Copy it again.",
        )
    return header


def _read_idx(path: Path, header: Header) -> np.ndarray:
    try:
        with _idx_stream(path) as stream:
            data = stream.read(header.start + header.size)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} is truncated or damaged: {error}.", "Copy it again.") from None
    if len(data) < header.start + header.size:
        raise DataError(
            f"{path.name} is truncated: it claims the shape {header.shape} but ends early.", "Copy it again."
        )
    return (
        np.frombuffer(data, header.dtype, offset=header.start)
        .reshape(header.shape)
        .astype(header.dtype.newbyteorder("="))
    )


def array_text(array: np.ndarray, source: str) -> pd.Series:
    """A 1-D array as text; floats in their shortest form. Raises `DataError` for text that no file can hold."""
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", errors="replace")
    if array.dtype.kind == "U" and array.size:
        _check_characters(array, source)
    return pd.Series(array.astype(str).astype(object), dtype=object)


def _check_characters(array: np.ndarray, source: str) -> None:
    """numpy takes any 32 bits for a character: those above Unicode and halves of pairs are none, NUL ends a text."""
    codes = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))).view(np.uint32).reshape(len(array), -1)
    ends = (np.cumsum(codes[:, ::-1], axis=1, dtype=np.uint64) == 0)[:, ::-1]  # the padding behind each text
    bad = (codes > 0x10FFFF) | ((codes >= 0xD800) & (codes <= 0xDFFF)) | ((codes == 0) & ~ends)
    if rows := np.flatnonzero(bad.any(axis=1)).tolist():
        raise DataError(
            f"{source} holds characters that are no text in {len(rows):,} rows ({some_rows(rows)}).",
            "Save plain text without NUL and without halves of emoji.",
        )


def row_columns(file: ArrayFile, count: int, skip: tuple[str, ...] = ()) -> pd.DataFrame:
    """The 1-D arrays of N values as the person's own columns, as text."""
    names = [h.name for h in file.headers.values() if h.shape == (count,) and h.name not in skip]
    texts = {name: file.text(name) for name in names}
    return pd.DataFrame(texts, index=range(count), dtype=object)


def class_names_of(file: ArrayFile, count: int) -> tuple[str, ...]:
    """The names of the classes, when an array of text holds them."""
    for name in CLASS_NAMES:
        header = file.headers.get(name)
        if header and header.dtype.kind in "US" and len(header.shape) == 1 and header.shape[0] != count:
            return tuple(file.text(name))
    return ()


def check_lengths(file: ArrayFile, inputs: str, wanted: tuple[str | None, ...]) -> None:
    """Raises `DataError` for an array that a role names and whose length is not that of the inputs, saying both."""
    count = file.header(inputs).shape[0]
    for name in wanted:
        if name and name in file.headers and file.headers[name].shape != (count,):
            shape = file.headers[name].shape
            rows = shape[0] if shape else 0
            what = f"{rows:,} rows" if len(shape) == 1 else f"the shape {shape}"
            raise DataError(
                f'{file.path.name}: "{inputs}" has {count:,} rows, but "{name}" has {what}.',
                _ONE_EACH if shape[:1] == (count,) else "Give arrays of equal lengths, one value for each example.",
            )


def check_not_empty(file: ArrayFile, name: str) -> None:
    """Raises `DataError` for an array of 0 rows, and one of empty rows (images without pixels, logits of 0 epochs)."""
    shape = file.header(name).shape
    if 0 in shape:
        raise DataError(f'{file.path.name}: "{name}" is empty: its shape is {shape}.', "Write it again with its rows.")


def refuse_wide_labels(file: ArrayFile, inputs: str, count: int, signals: Collection[str] = ()) -> None:
    """Raises `DataError` where no label was found, but an array beside the inputs (and signals) that has several values
    a row, and is named as labels or the only one as long as the inputs."""
    others = [h for h in file.headers.values() if h.name not in (inputs, *signals) and len(h.shape) > 1]
    named = [h for h in others if h.name.lower() in LABEL_NAMES]
    wide = [h for h in others if len(h.shape) == 2 and h.shape[0] == count]
    if not named and len(wide) != 1:
        return
    meant = (named or wide)[0]
    words = f'"{inputs}" has {count:,} rows, but "{meant.name}" has the shape {meant.shape}'
    raise DataError(f"{file.path.name}: {words}.", _ONE_EACH)
