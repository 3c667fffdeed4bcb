"""npz and zip: the directory and every header are read and weighed before anything is unpacked."""

from __future__ import annotations

import ast
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from core.types.errors import DataError

from .cache import cached_file
from .files import GIGABYTE, MAX_DEPTH, MEGABYTE, open_regular, unpack_limit

MAX_RATIO = 200  # honest arrays and images pack far less; zeros pack about 1000 times
_RATIO_FROM = 16 * MEGABYTE  # small constant arrays pack well and harm nobody
_LONGEST_NAME = 255  # letters; common file systems take as many bytes for a name
# What zipfile and its decompressors raise over bytes that lie, beside OSError.
ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError,
              RuntimeError, ValueError)  # fmt: skip
_SAFE_KINDS = "biufSU"


@dataclass(frozen=True)
class Header:
    """What the header of one array claims."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    fortran: bool
    start: int  # bytes before the data

    @property
    def size(self) -> int:
        """Bytes of data."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


def damaged(what: str, error: Exception) -> DataError:
    """The error for a truncated or damaged `what`, with the archive reader's own message where it concerns the file."""
    said = isinstance(error, zipfile.BadZipFile | zlib.error | NotImplementedError | OSError) and str(error)
    why = f": {error}" if said else ", its bytes do not read"
    return DataError(f"{what} is truncated or damaged{why}.", "Copy or write it again.")


@contextmanager
def undamaged(what: str) -> Iterator[None]:
    """Whatever reading a damaged archive raises, as `DataError`."""
    try:
        yield
    except (*ZIP_DAMAGE, OSError) as error:
        raise damaged(what, error) from None


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, after its directory was weighed; bombs, escaping members and damage are refused."""
    with open_regular(path) as file:
        with undamaged(path.name):
            archive = zipfile.ZipFile(file)
        with archive:
            check_directory(archive.infolist(), os.fstat(file.fileno()).st_size, path.name)
            yield archive


def check_directory(members: list[zipfile.ZipInfo], packed: int, name: str) -> None:
    """Raises `DataError` for what would unpack to too much, and for members without a name, twice there, outside the
    folder, too deep, too long or encrypted."""
    total = sum(m.file_size for m in members)
    ratio = total / max(packed, 1)
    size = f"{total / GIGABYTE:.1f} GB" if total > GIGABYTE / 2 else f"{total / MEGABYTE:.0f} MB"
    if total > unpack_limit() or (ratio > MAX_RATIO and total > _RATIO_FROM):
        raise DataError(
            f"{name} would unpack to {size} ({ratio:.0f}×).",
            f"The limit is {unpack_limit() / GIGABYTE:.1f} GB and {MAX_RATIO}×; give a smaller file.",
        )
    seen: set[str] = set()
    for member in members:
        plain = "/".join(part for part in member.filename.split("/") if part not in ("", "."))
        if not member.filename.strip("."):
            raise DataError(f"{name} has a member without a name.", "Pack it again.")
        _check_member(member, name)
        if plain in seen:
            raise DataError(f'{name}: the member "{plain}" is there twice.', "Pack each file once.")
        seen |= set() if member.is_dir() else {plain}


def _check_member(member: zipfile.ZipInfo, name: str) -> None:
    parts = member.filename.replace("\\", "/").split("/")
    shown = member.filename if len(member.filename) < 200 else f"{member.filename[:200]}..."
    link = (member.external_attr >> 16) & 0o170000 == 0o120000
    if ".." in parts or member.filename.startswith(("/", "\\")) or ":" in parts[0] or link:
        raise DataError(
            f'{name}: the member "{shown}" points outside the data folder.',
            "Pack the files with plain relative names.",
        )
    if len(parts) > MAX_DEPTH:
        raise DataError(
            f'{name}: the member "{shown}" lies {len(parts) - 1:,} folders deep.', f"The limit is {MAX_DEPTH} folders."
        )
    if max(map(len, parts)) > _LONGEST_NAME:
        raise DataError(f'{name}: the name "{shown}" is too long for a file.', "Give it a shorter name.")
    if member.flag_bits & 0x1:
        raise DataError(f'{name}: the member "{shown}" is encrypted.', "Pack it without a password.")


def npz_headers(path: Path) -> dict[str, Header]:
    """Array name -> header, each checked against the member's true size; `DataError` where it has no arrays or lies."""
    with open_zip(path) as archive:
        members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
        if not members:
            raise DataError(f"{path.name} holds no arrays.", "Write it with numpy.savez_compressed.")
        headers = {}
        for member in members:
            with _member(archive, member, path.name) as stream:
                header = read_header(stream, member.filename[:-4], path.name)
            _check_size(header, member.file_size - header.start, path.name)
            headers[header.name] = header
    return headers


def npy_header(path: Path) -> Header:
    """The header of one .npy file, checked against the file's true size."""
    with open_regular(path) as file:
        header = read_header(file, path.stem, path.name)
        _check_size(header, os.fstat(file.fileno()).st_size - header.start, path.name)
    return header


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str):
    with undamaged(f"{name}: {member.filename}"):
        return archive.open(member)


def read_header(stream: BinaryIO, name: str, source: str) -> Header:
    """Dtype and shape at the start of a .npy stream.

    Raises `DataError` for a header that does not read, for object arrays (pickled code) and for negative lengths.
    """
    try:
        with undamaged(f'{source}: the array "{name}"'):
            dtype, shape, fortran, start = _parsed_header(stream)
    except (KeyError, TypeError, SyntaxError, MemoryError, AttributeError):
        words = f'{source}: the array "{name}" is truncated or damaged, its header does not read'
        raise DataError(f"{words}.", "Write it again.") from None
    if dtype.kind not in _SAFE_KINDS:
        what = "an object array, which can run code when read" if dtype.hasobject else f"of type {dtype}"
        raise DataError(
            f'{source}: the array "{name}" is {what}. Nothing was run.',
            "Save numbers or fixed-width text: array.astype(str) for text.",
        )
    if any(n < 0 for n in shape):
        raise DataError(f'{source}: the array "{name}" claims the shape {shape}.', "Write it again.")
    return Header(name, dtype, shape, fortran, start)


def _parsed_header(stream: BinaryIO) -> tuple[np.dtype, tuple[int, ...], bool, int]:
    """Type, shape, whether in Fortran order, and the bytes before the data, read without running anything."""
    version = np.lib.format.read_magic(stream)
    width = 2 if version == (1, 0) else 4
    length = int.from_bytes(stream.read(width), "little")
    text = stream.read(min(length, MEGABYTE))
    if len(text) < length:
        raise ValueError("its header ends early")
    plain = ast.literal_eval(text.decode("latin1" if version < (3, 0) else "utf-8").strip())
    dtype = np.dtype(plain["descr"] if isinstance(plain["descr"], str) else [tuple(d) for d in plain["descr"]])
    return dtype, tuple(int(n) for n in plain["shape"]), bool(plain["fortran_order"]), 8 + width + length


def _check_size(header: Header, held: int, source: str) -> None:
    if header.size == held:
        return
    words = f'{source}: the array "{header.name}" claims the shape {header.shape} ({_bytes(header.size)})'
    fault = "truncated" if held < header.size else "damaged"
    raise DataError(f"{words} but holds {_bytes(held)}: {fault}.", "Write it again.")


def _bytes(size: int) -> str:
    return f"{size:,} bytes" if size < 10_000 else f"{size / MEGABYTE:,.2f} MB"


def read_member(path: Path, header: Header) -> np.ndarray:
    """One small array of an .npz (or the .npy itself) in memory."""
    if path.suffix.lower() == ".npy":
        return np.array(_mapped(path, header))
    with open_zip(path) as archive, undamaged(f'{path.name}: the array "{header.name}"'):
        data = archive.read(header.name + ".npy")
    _check_size(header, len(data) - header.start, path.name)  # a member may be shorter than its directory says
    array = np.frombuffer(data, header.dtype, offset=header.start)
    return array.reshape(header.shape, order="F" if header.fortran else "C")


def extract_member(path: Path, header: Header, target: Path) -> np.ndarray:
    """One large array of an .npz, unpacked once into the cache and memory-mapped; a .npy is mapped in place."""
    if path.suffix.lower() == ".npy":
        return _mapped(path, header)
    if not target.exists():
        with open_zip(path) as archive, _member(archive, archive.getinfo(header.name + ".npy"), path.name) as stream:
            _copy(stream, target, path.name, header)
    return _mapped(target, header)


def _mapped(path: Path, header: Header) -> np.ndarray:
    """The data behind a header that was checked; the file is not parsed a second time by other rules."""
    if header.size == 0:  # nothing can be mapped
        return np.zeros(header.shape, header.dtype)
    order: Literal["C", "F"] = "F" if header.fortran else "C"
    return np.memmap(path, header.dtype, "r", header.start, header.shape, order)


def _copy(stream: BinaryIO, target: Path, source: str, header: Header) -> None:
    with cached_file(target, source) as out:
        while block := _read(stream, f'{source}: the array "{header.name}"'):
            out.write(block)
        _check_size(header, out.tell() - header.start, source)  # a member may be shorter than its directory says


def _read(stream: BinaryIO, what: str) -> bytes:
    with undamaged(what):
        return stream.read(4 * MEGABYTE)
