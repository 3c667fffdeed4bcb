"""What the formats of images share: an image as the bytes of a file, and for whom they are."""

from __future__ import annotations

import io

import numpy as np

from core.curation import ScoreView
from core.types.examples import Modality

from .format import RunFacts


def png(pixels: np.ndarray) -> bytes:
    """PNG of uint8 [H, W, C], stored without compression, which would differ between versions of zlib."""
    from PIL import Image

    data = io.BytesIO()
    image = np.asarray(pixels, np.uint8)
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(data, "PNG", compress_level=0)
    return data.getvalue()


def only_of_images(view: ScoreView, facts: RunFacts) -> str:
    """Why rows that are no images cannot be handed over as such; "" for images."""
    known = facts.modality is Modality.IMAGE
    return "" if known else "Class folders and arrays of images are for images, and these rows are none."
