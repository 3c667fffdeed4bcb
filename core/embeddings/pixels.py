"""Images as their pixels: right for digits, scans and other aligned, gray images."""

from __future__ import annotations

import numpy as np

from core.types.examples import ExampleTable, Modality
from core.types.progress import Progress, track

from .images import common_size, is_color, read_block
from .method import InputEmbedding
from .reduction import BLOCK, blocks, fit_rows, principal_components

DIMENSIONS = 64  # as many as texts and tables get: wider vectors make neighbors slower, not better


def embed_pixels(examples: ExampleTable, seed: int, progress: Progress) -> np.ndarray:
    """float32 [N, <= 64]: principal components of the pixels scaled to 0..1, each pixel centred.

    Pixels keep their own spread: dividing by it would give the empty corners the weight of the strokes.
    """
    inputs, size, color = examples.inputs, common_size(examples.inputs), is_color(examples.inputs)

    def read(rows: np.ndarray) -> np.ndarray:
        return read_block(inputs, rows, size, color).reshape(len(rows), -1) / np.float32(255)

    sample = np.concatenate([read(rows) for rows in blocks(fit_rows(len(inputs), seed))])
    components = principal_components(sample, DIMENSIONS, seed)
    pieces = [np.arange(len(inputs))[start : start + BLOCK] for start in range(0, len(inputs), BLOCK)]
    done = [components.transform(read(rows)) for rows in track(progress, pieces, "Embedding the images")]
    return np.concatenate(done).astype(np.float32)


PIXELS = InputEmbedding(
    name="pixels",
    title="Pixels, PCA",
    modality=Modality.IMAGE,
    embed=embed_pixels,
    summary="Principal components of the pixels.",
)
