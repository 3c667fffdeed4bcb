"""Arrays of pixels as addresses that a browser draws."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image


def png_bytes(image: np.ndarray | bytes, most: int | None = None) -> bytes:
    """PNG of a uint8 array [H, W], [H, W, 1], [H, W, 3] or [H, W, 4]; sides over `most` shrink."""
    if isinstance(image, bytes):
        return image
    pixels = np.asarray(image)
    image_file = Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    if most is not None and max(image_file.size) > most:
        image_file.thumbnail((most, most))
    out = io.BytesIO()
    image_file.save(out, "PNG", compress_level=1)
    return out.getvalue()


def data_url(image: np.ndarray | bytes | str, most: int | None = None) -> str | None:
    """A data URL of an image; any other URL is refused, so that nothing is fetched from elsewhere."""
    if isinstance(image, str):
        return image if image.startswith("data:image/") else None
    encoded = png_bytes(image, most)
    kind = "png" if encoded[:4] == b"\x89PNG" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(encoded).decode()}"
