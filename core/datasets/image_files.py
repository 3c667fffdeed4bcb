"""Images in files: what is refused, what is converted, and how one is read when it is asked for."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from core.types.errors import DataError

from .files import MEGABYTE
from .image_arrays import resize
from .ranges import Reading, Spread, blocks, measure, merge, reading_of

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")  # a phone's MPO is read as the JPEG it begins with
MAX_PIXELS = 50_000_000  # more than cameras take; 150 MB once decoded to RGB
MAX_BYTES = 256 * MEGABYTE
# Formats that are images, but whose readers run programs, draw scripts or are absent: known by their first bytes.
_FOREIGN = (
    (b"%!PS", "EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"%PDF", "PDF"),
    (b"8BPS", "PSD"),
    (b"\0\0\1\0", "ICO"),
    (b"<svg", "SVG"),
)

# What decoders raise over bytes that lie.
_FINER = 2  # a JPEG is decoded to at least so many times the side that it is shrunk to: nothing of it is lost
_ORIENTATION = 0x0112  # the EXIF tag that says how a camera was held
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError,
           struct.error, zlib.error, UserWarning)  # fmt: skip
# Pillow only warns between 89 and 179 megapixels: here a warning of that kind is a refusal, in every thread.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # of damaged notes inside a sound image


@dataclass(frozen=True)
class ExaminedImage:
    """What was found about one file. skipped: why it cannot be used, or empty. converted: what reading it changes.

    peak: the largest of its bytes. deep: the spread and type of values that are no bytes (16 bits, floats), else None.
    """

    path: Path
    digest: str = ""
    size: tuple[int, int] = (0, 0)
    gray: bool = False
    converted: tuple[str, ...] = ()
    skipped: str = ""
    peak: int = 255
    deep: tuple[Spread, np.dtype] | None = None


def read_file(path: Path) -> bytes:
    """The bytes of a regular file that is no link; raises OSError, or DataError for special and very large files."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as file:
        if not path.is_file():
            raise DataError("not a regular file")
        if os.fstat(handle).st_size > MAX_BYTES:
            raise DataError(f"above the limit of {MAX_BYTES // MEGABYTE} MB")
        return file.read()


def examine(path: Path) -> ExaminedImage:
    """Read and decode one file; never raises for what is wrong with the file itself."""
    try:
        data = read_file(path)
        if not data:
            return ExaminedImage(path, skipped="empty")
        values, converted = _decoded(data)
        deep = _deep(values)
    except FileNotFoundError:
        return ExaminedImage(path, skipped="No such file")
    except PermissionError:
        return ExaminedImage(path, skipped="no permission")
    except OSError as error:
        return ExaminedImage(path, skipped=f"unreadable ({error.strerror or error})")
    except DataError as error:
        return ExaminedImage(path, skipped=str(error))
    size, peak = values.shape[:2], int(values.max(initial=0)) if deep is None else 255
    gray = values.shape[2] == 1
    return ExaminedImage(path, hashlib.sha256(data).hexdigest(), size, gray, converted, peak=peak, deep=deep)


def _deep(values: np.ndarray) -> tuple[Spread, np.dtype] | None:
    if values.dtype == np.uint8:
        return None
    if not np.isfinite(values).all():
        raise DataError("NaN or infinite pixels")
    return merge(measure(block) for _, block in blocks(values)), values.dtype


def _decoded(data: bytes, side: int = 0) -> tuple[np.ndarray, tuple[str, ...]]:
    """[H, W, 1 or 3] and what was converted: uint8, or the raw values of a gray image of 16 bits or of floats.

    side: of what will be made of it, where that is known to be small; 0 = every pixel counts.
    Raises DataError with the reason in a word or two.
    """
    _refuse_foreign(data)
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.size[0] * image.size[1] > MAX_PIXELS:
            raise DataError(_too_many(*image.size))
        cut_color = ";16" in str(getattr(image, "tile", ""))  # Pillow keeps the upper byte of such colors
        if side and image.format == "JPEG":
            image.draft(image.mode, (side * _FINER, side * _FINER))
        image.load()
        return _to_pixels(image, cut_color)
    except MemoryError:
        raise DataError("needs more memory than there is") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise DataError(f"too many pixels (above {MAX_PIXELS // 1_000_000} MP)") from None
    except UnidentifiedImageError:
        raise DataError("not an image") from None
    except _DAMAGE as error:
        raise DataError("truncated" if _is_cut(error) else _damaged(error)) from None


def _damaged(error: BaseException) -> str:
    """The words of the decoder where they are meant for people."""
    return f"damaged ({str(error)[:80]})" if isinstance(error, OSError | SyntaxError) and str(error) else "damaged"


def _too_many(width: int, height: int) -> str:
    return f"too many pixels ({width * height / 1e6:.0f} MP, the limit is {MAX_PIXELS // 1_000_000} MP)"


def _is_cut(error: BaseException) -> bool:
    words = str(error).lower()
    return any(
        w in words for w in ("truncated", "not enough", "unexpected end", "incomplete", "broken data stream", "eof")
    )


def _refuse_foreign(data: bytes) -> None:
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            raise DataError(f"format {name} is not read")
    if head.startswith((b"<?xml", b"<!DOCTYPE svg", b"<!--")) and b"<svg" in data[:4096]:
        raise DataError("format SVG is not read")


def _to_pixels(image: Image.Image, cut_color: bool) -> tuple[np.ndarray, tuple[str, ...]]:
    """Pixels [H, W, 1 or 3], bytes or deeper, and in words what was changed on the way."""
    image, notes = _upright(image)
    if image.mode.startswith(("I", "F")):
        wide = np.asarray(image)
        notes.append("floats to 8-bit" if image.mode == "F" else "16-bit to 8-bit")
        return wide.astype(wide.dtype.newbyteorder("="))[..., None], tuple(notes)
    if cut_color:
        notes.append("16-bit color to its upper 8 bits")
    image, more = _opaque(image)
    pixels = np.asarray(image, dtype=np.uint8)
    return (pixels[..., None] if pixels.ndim == 2 else pixels), (*notes, *more)


def _upright(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The first frame, turned as its camera says."""
    notes = []
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        notes.append("first frame of an animation")
        image.seek(0)
    if image.getexif().get(_ORIENTATION, 1) != 1:
        notes.append("turned upright (EXIF)")
        image = ImageOps.exif_transpose(image)
    return image, notes


def _opaque(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The image in gray or RGB."""
    notes = []
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        notes.append("transparency on white")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("RGB")
    if image.mode not in ("RGB", "L"):
        if image.mode not in ("1", "P"):
            notes.append(f"{image.mode} to RGB")
        image = image.convert("L" if image.mode == "1" else "RGB")
    return image, notes


def _readings(images: Sequence[ExaminedImage]) -> dict[bool, Reading]:
    """How deep values become bytes, by whether they are floats: alike in all images, as their common range says."""
    readings = {}
    for floats in (False, True):
        deep = [(p.deep, p.path.name) for p in images if p.deep is not None and (p.deep[1].kind == "f") is floats]
        if deep:
            common = merge(replace(found[0], low_at=name, high_at=name) for found, name in deep)
            readings[floats] = reading_of(common, deep[0][0][1], "16-bit or float files")
    return readings


class ImageFiles:
    """Images in files, decoded when asked for; all with the same number of channels."""

    def __init__(self, images: Sequence[ExaminedImage]):
        self._paths = [p.path for p in images]
        self._digests = [p.digest for p in images]
        self.readings = _readings(images)
        self.sizes = np.array([p.size for p in images], dtype=np.int64).reshape(-1, 2)
        self.channels = 1 if all(p.gray for p in images) else 3

    def __len__(self) -> int:
        return len(self._paths)

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, H, W, C) when all images have one size, else (N,)."""
        same = len(self) > 0 and (self.sizes == self.sizes[0]).all()
        return (len(self), *map(int, self.sizes[0]), self.channels) if same else (len(self),)

    def __getitem__(self, row: int) -> np.ndarray:
        """uint8 [H, W, C]; raises DataError naming the file when it has gone or changed."""
        return self.at_least(row)

    def at_least(self, row: int, side: int = 0) -> np.ndarray:
        """As `[row]`; a JPEG several times larger than `side` is decoded at a half, a quarter or an eighth of its size,
        which takes a fraction of the time and memory. Raises `DataError` like `[row]`.
        """
        path = self._paths[row]
        try:
            values, _ = _decoded(read_file(path), side)
        except (OSError, DataError) as error:
            raise DataError(f"{path.name} can no longer be read: {error}.", "Put the file back.") from None
        pixels = self._bytes(values, path)
        if pixels.shape[2] == self.channels:
            return pixels
        return np.repeat(pixels, 3, axis=2) if self.channels == 3 else pixels[..., :1]

    def file(self, row: int) -> Path:
        """Where the image lies."""
        return self._paths[row]

    def content_digest(self, row: int) -> str:
        """Equal for files of equal bytes that are read alike; no file is opened for it."""
        deep = sorted((floats, repr(reading)) for floats, reading in self.readings.items())
        return f"{self._digests[row]} {self.channels} {deep}"

    def _bytes(self, values: np.ndarray, path: Path) -> np.ndarray:
        if values.dtype == np.uint8:
            return values
        reading = self.readings.get(values.dtype.kind == "f")
        if reading is None:
            raise DataError(f"{path.name} has changed: it holds {values.dtype} pixels now.", "Put the file back.")
        return np.concatenate([reading.pixels(block) for _, block in blocks(values)])

    def take(self, rows: Sequence[int] | np.ndarray, size: tuple[int, int] | None = None) -> np.ndarray:
        """uint8 [n, H, W, C], resized to `size` (height, width). Raises `DataError` without one if the sizes differ."""
        if size is None and len(self.shape) == 1:
            raise DataError("The images differ in size.", "Ask for one size.")
        height, width = size or self.shape[1:3]
        out = np.empty((len(rows), height, width, self.channels), np.uint8)
        for place, row in enumerate(rows):
            out[place] = resize(self[int(row)], (height, width))
        return out
