"""Images: one common size, channels standardised; kept as uint8 until a batch is cut.

A network of ours reads images of one size up to 64 pixels as they are, and all others at 32 x 32, by the data's own
mean and deviation. A network made elsewhere reads them as `ImageFormat` says.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict

import numpy as np

from core.datasets.image_arrays import size_seen
from core.store.atomic import read_json, write_json
from core.types.errors import DataError, ModelError
from core.types.examples import ExampleTable, Modality
from core.types.image_format import ImageFormat
from core.types.validation import at_least

from .family import InputShape

_SAMPLE = 4096  # images behind the channel statistics
_IN_MEMORY = 256 * 2**20  # bytes; above this the resized images go to a memory-mapped file
_BLOCK = 1024  # images resized at once: a few MB at 32 x 32


class _Saved(TypedDict):
    height: Annotated[int, at_least(1)]
    width: Annotated[int, at_least(1)]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resampling: NotRequired[str]


@dataclass(frozen=True)
class ImageEncoder:
    """uint8 [H, W, C] -> float32 [C, H, W], (x / 255 - mean) / std per channel."""

    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resampling: str = "auto"  # see ImageFormat
    kind = "image"

    @classmethod
    def fit(cls, examples: ExampleTable, rows: np.ndarray, wanted: ImageFormat = ImageFormat()) -> ImageEncoder:
        """As `wanted`; what it leaves open: size from all images, channel statistics from an even sample of `rows`."""
        height, width, channels = _common_shape(examples.inputs, wanted.size)
        if wanted.mean:
            channels = _channels(channels, wanted)
            mean, std = ((n * channels if len(n) == 1 else n) for n in (wanted.mean, wanted.std))
            return cls(height, width, mean, std, wanted.resampling)
        picked = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLE)).astype(int))]
        blank = cls(height, width, (0.0,) * channels, (1.0,) * channels, wanted.resampling)
        pixels = blank.pixels(examples.inputs, picked).reshape(-1, channels) / 255.0
        std = pixels.std(axis=0)
        deviations = np.where(std > 1e-6, std, 1.0)
        return cls(height, width, tuple(pixels.mean(0).tolist()), tuple(deviations.tolist()), wanted.resampling)

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
        return _resize(image, self.height, self.width, self.resampling)

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
        plain = asdict(self)
        if self.resampling == "auto":
            del plain["resampling"]  # the same bytes as before there was a choice
        write_json(folder / "encoder.json", {"kind": self.kind, **plain})

    @classmethod
    def load(cls, folder: Path) -> ImageEncoder:
        """The inverse of `save`."""
        plain = read_json(folder / "encoder.json", _Saved)
        size = plain["height"], plain["width"]
        return cls(*size, tuple(plain["mean"]), tuple(plain["std"]), plain.get("resampling", "auto"))


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


def _common_shape(inputs: Any, size: tuple[int, ...]) -> tuple[int, int, int]:
    shape = getattr(inputs, "shape", None)
    if shape is not None and len(shape) == 4:
        sizes, channels = {(int(shape[1]), int(shape[2]))}, int(shape[3])
    elif hasattr(inputs, "sizes") and hasattr(inputs, "channels"):  # known from the headers: no pixel is read
        sizes, channels = {(int(h), int(w)) for h, w in np.unique(inputs.sizes, axis=0)}, int(inputs.channels)
    else:
        shapes = [np.asarray(inputs[i]).shape for i in range(len(inputs))]
        sizes = {(int(s[0]), int(s[1])) for s in shapes}
        channels = 3 if any(len(s) == 3 and s[2] >= 3 for s in shapes) else 1
    height, width = size or size_seen(sizes)
    return height, width, channels


def _channels(there: int, wanted: ImageFormat) -> int:
    """As many as the network's numbers; gray images are repeated for a network of colors."""
    counts = {len(numbers) for numbers in (wanted.mean, wanted.std)} - {1}
    if len(counts) > 1 or (counts and there not in {1, *counts}):
        raise ModelError(
            f"--mean has {len(wanted.mean)} numbers, --std {len(wanted.std)}, and the images {there} channels.",
            "Give one number for each channel that the network reads, or one for all.",
        )
    return counts.pop() if counts else there


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


def _resize(image: np.ndarray, height: int, width: int, resampling: str) -> np.ndarray:
    from PIL import Image

    squeezed = image[:, :, 0] if image.shape[2] == 1 else image
    box = resampling == "auto" and min(image.shape[:2]) > 2 * height
    filters = {"bicubic": Image.Resampling.BICUBIC}
    method = Image.Resampling.BOX if box else filters.get(resampling, Image.Resampling.BILINEAR)
    small = np.asarray(Image.fromarray(squeezed).resize((width, height), method))
    return small[:, :, None] if small.ndim == 2 else small
