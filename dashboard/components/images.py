"""Arrays of pixels as addresses that a browser draws."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image


def picture_bytes(image: np.ndarray | bytes, most: int | None = None) -> bytes:
    """Encoded picture of a uint8 array [H, W], [H, W, 1], [H, W, 3] or [H, W, 4]; sides over `most` shrink."""
    if isinstance(image, bytes):
        return image
    pixels = np.asarray(image)
    picture = Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    if most is not None and max(picture.size) > most:
        picture.thumbnail((most, most))
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def data_address(image: np.ndarray | bytes | str, most: int | None = None) -> str | None:
    """A data: address of a picture; any other address is refused, so that nothing is fetched from elsewhere."""
    if isinstance(image, str):
        return image if image.startswith("data:image/") else None
    encoded = picture_bytes(image, most)
    kind = "png" if encoded[:4] == b"\x89PNG" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(encoded).decode()}"
