"""Images behind one face: `len`, `[i] -> uint8 [H, W, C]`, `take(rows)`, read only when asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from core.types.examples import Finding

COMMON_SIDE = 32  # of images whose sizes differ or are large, as our own networks and the built-in embedding see them
NATIVE_LIMIT = 64  # up to this side images of one size are used as they are


def size_seen(sizes: Collection[tuple[int, int]]) -> tuple[int, int]:
    """(height, width) at which our own networks see images of these sizes."""
    one = next(iter(sizes)) if len(sizes) == 1 else (COMMON_SIDE, COMMON_SIDE)
    return one if max(one) <= NATIVE_LIMIT else (COMMON_SIDE, COMMON_SIDE)


def size_finding(inputs: Any) -> Finding:
    """One line of the report card: the sizes there are, and what images will be resized to."""
    sizes = {(int(h), int(w)) for h, w in np.unique(inputs.sizes, axis=0)}
    seen = size_seen(sizes)
    least, most = ("{} x {}".format(*end(sizes, key=lambda s: s[0] * s[1])) for end in (min, max))
    there = f"images of {least}" if len(sizes) == 1 else f"images of {len(sizes):,} sizes, {least} to {most}"
    told = "used as they are" if sizes == {seen} else f"resized to {seen[0]} x {seen[1]}"
    words = f"{there} (height x width): {told} for the built-in networks and embedding; an own network names its size"
    return Finding("sizes", len(inputs), f"{words} (--image-size)")


class ImageArray:
    """Images of one size in a (memory-mapped) array [N, H, W, C] of uint8; [N, H, W] gets one channel."""

    def __init__(self, array: np.ndarray):
        self.array = array if array.ndim == 4 else array[..., None]
        self.shape = self.array.shape
        self.channels = int(self.shape[3])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, row: int) -> np.ndarray:
        return np.array(self.array[row])

    @property
    def sizes(self) -> np.ndarray:
        """int64 [N, 2] height and width of each image."""
        return np.tile(np.array(self.shape[1:3], dtype=np.int64), (len(self), 1))

    def take(self, rows: Sequence[int] | np.ndarray, size: tuple[int, int] | None = None) -> np.ndarray:
        """uint8 [n, H, W, C]; `size` (height, width) resizes."""
        pixels = self.array[np.asarray(rows, dtype=np.int64)]
        if size is None or tuple(size) == self.shape[1:3]:
            return np.asarray(pixels)
        if not len(pixels):
            return np.zeros((0, *size, self.channels), np.uint8)
        return np.stack([resize(p, size) for p in pixels])


def of_at_most(inputs: Any, row: int, most: int) -> np.ndarray:
    """uint8 [h, w, C] of one image, shrunk until no side is above `most`; a file that is far larger is decoded at a
    part of its size, so that no photograph is ever held whole. Raises `DataError` as `inputs[row]` does.
    """
    smaller = getattr(inputs, "at_least", None)
    pixels = np.asarray(inputs[row] if smaller is None else smaller(row, most))
    height, width = pixels.shape[:2]
    if max(height, width) <= most or pixels.ndim != 3:
        return pixels
    scale = most / max(height, width)
    return resize(pixels, (max(1, round(height * scale)), max(1, round(width * scale))))


def resize(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [H, W, C] to (height, width), with smoothing where it shrinks."""
    from PIL import Image

    if pixels.shape[:2] == tuple(size):
        return pixels
    flat = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    small = np.asarray(Image.fromarray(flat).resize((size[1], size[0]), Image.Resampling.BILINEAR))
    return small[..., None] if small.ndim == 2 else small
