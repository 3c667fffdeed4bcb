"""The map that is there at once."""

from __future__ import annotations

import numpy as np

from core.types.methods import Paper
from core.types.progress import Progress

from .method import Projection
from .reduction import fit_rows, principal_components, require_finite


def project_pca(vectors: np.ndarray, params: object, seed: int, progress: Progress) -> np.ndarray:
    """float32 [N, 2]: the two directions of largest spread; a second coordinate of zero where there is only one."""
    vectors = require_finite(vectors)
    progress.stage("PCA map", 1)
    components = principal_components(vectors[fit_rows(len(vectors), seed, limit=50_000)], 2, seed)
    flat = components.transform(vectors).astype(np.float32)
    progress.advance()
    return flat if flat.shape[1] == 2 else np.pad(flat, ((0, 0), (0, 1)))


PCA_MAP = Projection(
    name="pca",
    title="PCA",
    summary="The two directions of largest spread: fast, straight, keeps far things far.",
    paper=Paper("Hotelling", 1933, "Analysis of a complex of statistical variables into principal components"),
    project=project_pca,
    cost="N d^2, seconds at 100,000 rows",
)
