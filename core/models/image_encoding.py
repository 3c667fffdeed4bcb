"""Images: one common size, channels standardised; kept as uint8 until a batch is cut."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.store.atomic import read_json, write_json
from core.types.errors import DataError
from core.types.examples import ExampleTable, Modality

from .family import InputShape

_LARGEST_NATIVE = 64
_COMMON_SIDE = 32
_SAMPLE = 4096  # images behind the channel statistics
_IN_MEMORY = 256 * 2**20  # bytes; above this the resized images go to a memory-mapped file
_BLOCK = 1024


@dataclass(frozen=True)
class ImageEncoder:
    """uint8 [H, W, C] -> float32 [C, H, W], (x / 255 - mean) / std per channel."""

    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    kind = "image"

    @classmethod
    def fit(cls, examples: ExampleTable, rows: np.ndarray, image_size: int = 0) -> ImageEncoder:
        """Size from all images, channel statistics from an even sample of `rows`."""
        height, width, channels = _common_shape(examples.inputs, image_size)
        picked = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLE)).astype(int))]
        blank = cls(height, width, (0.0,) * channels, (1.0,) * channels)
        pixels = blank.pixels(examples.inputs, picked).reshape(-1, channels) / 255.0
        std = pixels.std(axis=0)
        return cls(height, width, tuple(pixels.mean(axis=0).tolist()), tuple(np.where(std > 1e-6, std, 1.0).tolist()))

    @property
    def shape(self) -> InputShape:
        """(channels, height, width)."""
        return InputShape(Modality.IMAGE, (len(self.mean), self.height, self.width))

    def pixels(self, inputs: Any, rows: np.ndarray) -> np.ndarray:
        """uint8 [n, H, W, C] of the common size; `DataError` names a row whose image does not fit."""
        shape = getattr(inputs, "shape", None)
        if shape is not None and tuple(shape[1:]) == (self.height, self.width, len(self.mean)):
            return np.asarray(inputs.take(rows) if not isinstance(inputs, np.ndarray) else inputs[rows])
        return np.stack([self._one(np.asarray(inputs[int(row)]), int(row)) for row in rows])

    def _one(self, image: np.ndarray, row: int) -> np.ndarray:
        image = image[:, :, None] if image.ndim == 2 else image
        if image.shape[2] != len(self.mean):
            image = _match_channels(image, len(self.mean), row)
        if image.shape[:2] == (self.height, self.width):
            return image
        return _resize(image, self.height, self.width)

    def encode(self, examples: ExampleTable, scratch: Path | None = None) -> ImageRows:
        """All images at the common size as uint8, in memory or in `scratch`/pixels.npy."""
        shape = (len(examples), self.height, self.width, len(self.mean))
        inputs = examples.inputs
        if isinstance(inputs, np.ndarray) and inputs.shape == shape:
            return ImageRows(inputs, self)
        out: np.ndarray
        if scratch is not None and int(np.prod(shape)) > _IN_MEMORY:
            scratch.mkdir(parents=True, exist_ok=True)
            out = np.lib.format.open_memmap(scratch / "pixels.npy", "w+", np.uint8, shape)
        else:
            out = np.empty(shape, np.uint8)
        for start in range(0, len(examples), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(examples)))
            out[rows] = self.pixels(inputs, rows)
        return ImageRows(out, self)

    def matrix(self, examples: ExampleTable) -> np.ndarray:
        """[N, H * W * C] float32 in 0..1."""
        pixels = self.encode(examples).pixels
        return (pixels.reshape(len(pixels), -1) / np.float32(255)).astype(np.float32)

    def tensor(self, pixels: np.ndarray) -> Any:
        """Standardised float32 [n, C, H, W] of uint8 [n, H, W, C]."""
        import torch

        values = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).to(torch.float32, copy=True)
        mean = torch.tensor(self.mean, dtype=torch.float32).view(1, -1, 1, 1)
        std = torch.tensor(self.std, dtype=torch.float32).view(1, -1, 1, 1)
        return values.contiguous().div_(255).sub_(mean).div_(std)

    def save(self, folder: Path) -> None:
        """encoder.json."""
        write_json(folder / "encoder.json", {"kind": self.kind, **asdict(self)})

    @classmethod
    def load(cls, folder: Path) -> ImageEncoder:
        """The inverse of `save`."""
        plain = read_json(folder / "encoder.json")
        return cls(plain["height"], plain["width"], tuple(plain["mean"]), tuple(plain["std"]))


class ImageRows:
    """Encoded images: uint8 until `batch` turns some into floats."""

    def __init__(self, pixels: np.ndarray, encoder: ImageEncoder):
        self.pixels = pixels
        self._encoder = encoder

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, rows: np.ndarray) -> Any:
        """[b, C, H, W] float32, standardised."""
        return self._encoder.tensor(self.pixels[rows])


def _common_shape(inputs: Any, side: int) -> tuple[int, int, int]:
    shape = getattr(inputs, "shape", None)
    if shape is not None and len(shape) == 4:
        sizes, channels = {(int(shape[1]), int(shape[2]))}, int(shape[3])
    elif hasattr(inputs, "sizes") and hasattr(inputs, "channels"):  # known from the headers: no pixel is read
        sizes, channels = {(int(h), int(w)) for h, w in np.unique(inputs.sizes, axis=0)}, int(inputs.channels)
    else:
        shapes = [np.asarray(inputs[i]).shape for i in range(len(inputs))]
        sizes = {(int(s[0]), int(s[1])) for s in shapes}
        channels = 3 if any(len(s) == 3 and s[2] >= 3 for s in shapes) else 1
    if side:
        return side, side, channels
    if len(sizes) == 1 and max(next(iter(sizes))) <= _LARGEST_NATIVE:
        return *next(iter(sizes)), channels
    return _COMMON_SIDE, _COMMON_SIDE, channels


def _match_channels(image: np.ndarray, channels: int, row: int) -> np.ndarray:
    if image.shape[2] == 1:
        return np.repeat(image, channels, axis=2)
    if channels == 1:
        return np.asarray(np.rint(image[:, :, :3].mean(axis=2, keepdims=True)), dtype=np.uint8)
    if image.shape[2] > channels:
        return image[:, :, :channels]
    raise DataError(
        f"Image {row} has {image.shape[2]} channels, the model reads {channels}.", "Give images of one kind."
    )


def _resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    from PIL import Image

    squeezed = image[:, :, 0] if image.shape[2] == 1 else image
    small = np.asarray(
        Image.fromarray(squeezed).resize(
            (width, height), Image.Resampling.BOX if min(image.shape[:2]) > 2 * height else Image.Resampling.BILINEAR
        )
    )
    return small[:, :, None] if small.ndim == 2 else small
