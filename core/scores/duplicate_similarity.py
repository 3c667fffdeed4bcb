"""Duplicate similarity: how alike the nearest other example is.

    similarity_i = 1 - |a - b|^2 / (|a|^2 + |b|^2)          b: the nearest other example to a, on centered embeddings

Equal to the cosine where both have the same length, but 1 only for identical vectors (a cosine calls any two points on
one ray identical). Range [-1, 1]; 1 is an exact copy in the embedding. High: redundant. Needs no label. Fails: an
embedding that throws away what differs makes different examples look alike; the exact copies of the bytes themselves
are in the report card, not here. Held-out rows are others, too: a training row with a held-out copy gets 1. Semantic
deduplication by embedding neighbors: Abbas et al. 2023 (SemDeDup).
"""

from __future__ import annotations

import numpy as np

from core.numerics.neighbors import centered, nearest_neighbors
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.types.methods import Direction, Group, Paper, Use
from core.types.params import NoParams
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_COPY = 0.999  # similarity of a copy but for noise: an angle of 2.6 degrees at most


def _compute(inputs: ScoreInputs, params: NoParams, progress: Progress) -> ScoreResult:
    nearest = nearest_neighbors(inputs.embedding, 1, progress=progress, title="Nearest other example")
    (points,) = centered(inputs.embedding)
    squares = np.einsum("nd,nd->n", points, points, dtype=np.float64)
    both = squares + squares[nearest.rows[:, 0]]
    apart = nearest.distances[:, 0].astype(np.float64) ** 2
    values = 1.0 - np.divide(apart, both, out=np.zeros_like(apart), where=both > 0)
    copies = int((values >= _COPY).sum())
    check = AssumptionCheck(
        Light.GREEN if copies < len(values) / 2 else Light.AMBER,
        f"{copies} of {len(values)} examples have a near copy (similarity of {_COPY} or more).",
        "copies",
    )
    return ScoreResult(
        values.astype(np.float32),
        checks=(check,),
        meta={"near_copies": copies, "embedding": inputs.evidence.embedding_name},
    )


DUPLICATE_SIMILARITY = ScoreMethod(
    name="duplicate_similarity",
    title="Duplicate similarity",
    summary="How alike the nearest other example is.",
    paper=Paper(
        "Abbas et al.",
        2023,
        "SemDeDup: Data-efficient learning at web-scale through semantic deduplication",
        "https://arxiv.org/abs/2303.09540",
    ),
    group=Group.DENSITY,
    direction=Direction.REDUNDANT,
    inspect_first="highest",
    orientation=orient(remove_redundant=+1, find_ood=-1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    uses=(Use.NEAREST_SIMILARITY,),
    range="-1 to 1; 1 is identical",
    high_means="Another example is nearly the same: redundant.",
    low_means="Nothing like it in the data.",
    cost="N x N x d, in blocks; no training.",
    needs_labels=False,
)
