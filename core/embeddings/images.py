"""Images of one size, block by block."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.datasets.image_arrays import size_seen


def common_size(inputs: Any) -> tuple[int, int]:
    """(height, width) that all images are brought to."""
    shape = tuple(getattr(inputs, "shape", ()))
    return size_seen([(int(shape[1]), int(shape[2]))] if len(shape) == 4 else [])


def is_color(inputs: Any) -> bool:
    """True if any of up to 64 images spread over the set has channels that differ."""
    rows = np.unique(np.linspace(0, len(inputs) - 1, min(64, len(inputs))).astype(int))
    return any(_has_color(np.asarray(inputs[int(row)])) for row in rows)


def _has_color(image: np.ndarray) -> bool:
    return image.ndim == 3 and image.shape[2] >= 3 and bool((image[..., :1] != image[..., 1:3]).any())


def read_block(inputs: Any, rows: np.ndarray, size: tuple[int, int], color: bool) -> np.ndarray:
    """float32 [n, H, W, 3 or 1] in 0..255 of the given rows."""
    return np.stack([_fit(np.asarray(inputs[int(row)]), size, color) for row in rows]).astype(np.float32)


def _fit(image: np.ndarray, size: tuple[int, int], color: bool) -> np.ndarray:
    image = image[..., None] if image.ndim == 2 else image
    image = image[..., :3] if image.shape[2] >= 3 else image[..., :1]  # an alpha channel says nothing about content
    image = _resize(image, size) if image.shape[:2] != size else image
    if color:
        return np.broadcast_to(image, (*size, 3)) if image.shape[2] == 1 else image
    return image.mean(axis=2, keepdims=True) if image.shape[2] == 3 else image


def _resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    from PIL import Image

    shape = (size[1], size[0])
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(image[..., c])).resize(shape, Image.Resampling.BILINEAR))
        for c in range(image.shape[2])
    ]
    return np.stack(planes, axis=2)
