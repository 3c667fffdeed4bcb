"""Files that are broken, oversized or hostile in one way each, as bytes or as a maker that writes them."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
from PIL import Image
from pyarrow import parquet


def png_bytes(value: int = 0, size=(6, 6), mode: str = "RGB", **save) -> bytes:
    """One flat image."""
    out = io.BytesIO()
    color = value if mode in ("L", "P", "I;16", "1") else (value,) * len(mode)
    Image.new(mode, size, color).save(out, save.pop("format", "PNG"), **save)
    return out.getvalue()


def giant_png(width: int, height: int) -> bytes:
    """A PNG that claims a size; its header is true, its pixels were never written."""
    return png_of(width, height, 8, 2, b"\0")


def png_of(width: int, height: int, depth: int, color: int, rows: bytes) -> bytes:
    """A PNG by hand: bits a channel, color type (2: RGB), and its rows, each after a filter byte."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def npy_bytes(header: str, data: bytes) -> bytes:
    """A .npy with any header and any data."""
    text = header.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def zipped(path, members: dict[str, bytes]) -> None:
    """A zip (or npz) of these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def file(name: str, data: bytes | str):
    def make(folder):
        path = folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return make


def folder_with(name: str, data: bytes | None):
    """A folder of two good images and one file of another kind."""

    def make(folder):
        for place, value in (("cat/0.png", 5), ("dog/1.png", 50)):
            (folder / "pets" / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / "pets" / place).write_bytes(png_bytes(value))
        if data is not None:
            (folder / "pets" / "cat" / name).write_bytes(data)
        return folder / "pets"

    return make


def manifest(entry: str, prepare=lambda root: None):
    """A manifest of one good and one hostile path."""

    def make(folder):
        root = folder / "set"
        root.mkdir()
        (root / "good.png").write_bytes(png_bytes(7))
        (folder / "secret.png").write_bytes(png_bytes(9))
        prepare(root)
        (root / "m.csv").write_text(f"path,label\ngood.png,a\n{entry},b\n")
        return root / "m.csv"

    return make


def npz(**arrays):
    def make(folder):
        np.savez(folder / "a.npz", **arrays)
        return folder / "a.npz"

    return make


def raw_npz(members: dict[str, bytes], name="a.npz"):
    def make(folder):
        zipped(folder / name, members)
        return folder / name

    return make


def truncated_jpeg() -> bytes:
    out = io.BytesIO()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(out, "JPEG")
    return out.getvalue()[:1500]


def animated_gif() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (6, 6), (v, v, v)) for v in (10, 200)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def rotated_jpeg() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return png_bytes(30, (8, 4), format="JPEG", exif=exif)


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), out, write_page_checksum=True)
    return out.getvalue()


FRAME = pd.DataFrame({"text": [f"a sentence number {i} of words" for i in range(50)], "label": ["x", "y"] * 25})


def flipped_bit() -> bytes:
    data = bytearray(parquet_bytes(FRAME))
    data[60] ^= 0x10
    return bytes(data)


def shards(folder):
    (folder / "shards").mkdir()
    (folder / "shards" / "a.parquet").write_bytes(parquet_bytes(FRAME))
    (folder / "shards" / "b.parquet").write_bytes(parquet_bytes(FRAME.rename(columns={"label": "klass"})))
    return folder / "shards"


def object_npy() -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return out.getvalue()


def good_npy(array) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def nested_bomb() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.png", bytes(40 << 20))
    return inner.getvalue()
