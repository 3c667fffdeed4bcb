"""What a frozen encoder knows of each example: one embedding per registered encoder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.models.frozen import FROZEN, FrozenEncoder, frozen_named
from core.types.examples import ExampleTable
from core.types.progress import Progress

from .method import InputEmbedding
from .reduction import BLOCK, blocks, fit_rows, principal_components

DIMENSIONS = 128  # of up to 1,280: neighbors stay the same, and every search among them is ten times quicker


def _embed_by(encoder: FrozenEncoder) -> Callable[[ExampleTable, int, Progress], np.ndarray]:
    def embed(examples: ExampleTable, seed: int, progress: Progress) -> np.ndarray:
        """float32 [N, <= DIMENSIONS] of length 1: principal components of the encoder's vectors, compared by angle."""
        from core.models.frozen.features import features_of

        features = features_of(frozen_named(encoder.name, examples.modality), examples, progress)
        components = principal_components(features[fit_rows(len(features), seed)].astype(np.float32), DIMENSIONS, seed)
        turned = [
            components.transform(features[rows].astype(np.float32)) for rows in blocks(np.arange(len(features)), BLOCK)
        ]
        vectors = np.concatenate(turned).astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)

    return embed


FROZEN_EMBEDDINGS = tuple(
    InputEmbedding(
        name=encoder.name,
        title=f"{encoder.title}, PCA",
        summary=encoder.summary,
        paper=encoder.paper,
        modality=encoder.modality,
        embed=_embed_by(encoder),
    )
    for encoder in FROZEN
)
