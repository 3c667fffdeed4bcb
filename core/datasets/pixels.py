"""Pictures behind one face: `len`, `[i] -> uint8 [H, W, C]`, `take(rows)`, read only when asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class ImageArray:
    """Pictures of one size in a (memory-mapped) array [N, H, W, C] of uint8; [N, H, W] gets one channel."""

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
        """int64 [N, 2] height and width of each picture."""
        return np.tile(np.array(self.shape[1:3], dtype=np.int64), (len(self), 1))

    def take(self, rows: Sequence[int] | np.ndarray, size: tuple[int, int] | None = None) -> np.ndarray:
        """uint8 [n, H, W, C]; `size` (height, width) resizes."""
        pixels = self.array[np.asarray(rows, dtype=np.int64)]
        if size is None or tuple(size) == self.shape[1:3]:
            return np.asarray(pixels)
        if not len(pixels):
            return np.zeros((0, *size, self.channels), np.uint8)
        return np.stack([resize(p, size) for p in pixels])


def resize(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [H, W, C] to (height, width), with smoothing where it shrinks."""
    from PIL import Image

    if pixels.shape[:2] == tuple(size):
        return pixels
    flat = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    small = np.asarray(Image.fromarray(flat).resize((size[1], size[0]), Image.Resampling.BILINEAR))
    return small[..., None] if small.ndim == 2 else small
