"""An image as the bytes of a file, the same on every machine."""

from __future__ import annotations

import io

import numpy as np


def png(pixels: np.ndarray) -> bytes:
    """PNG of uint8 [H, W, C], stored without compression, which would differ between versions of zlib."""
    from PIL import Image

    data = io.BytesIO()
    image = np.asarray(pixels, np.uint8)
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(data, "PNG", compress_level=0)
    return data.getvalue()
