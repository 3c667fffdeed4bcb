"""Where each example sits: label-free vectors, maps of them, groups in them."""

from __future__ import annotations

import numpy as np

from core.types.errors import DataError
from core.types.examples import ExampleTable, Modality
from core.types.progress import Progress, SilentProgress
from core.types.registry import find

from .clusters import HDBSCAN_CLUSTERS, KMEANS, HdbscanParams, KMeansParams, default_k
from .columns import COLUMNS
from .frozen import FROZEN_EMBEDDINGS
from .images import is_color
from .method import Clustering, InputEmbedding, Projection
from .patch_features import PATCH_FEATURES
from .pca import PCA_MAP
from .pixels import PIXELS
from .reduction import require_finite
from .terms import TERMS
from .umap import UMAP_MAP, UmapParams

# The first of its kind of data is what "auto" takes; frozen encoders, which may not be installed, are chosen by name.
EMBEDDINGS: tuple[InputEmbedding, ...] = (PATCH_FEATURES, PIXELS, TERMS, COLUMNS, *FROZEN_EMBEDDINGS)
PROJECTIONS: tuple[Projection, ...] = (UMAP_MAP, PCA_MAP)  # the map that keeps more neighbors first
CLUSTERINGS: tuple[Clustering, ...] = (KMEANS, HDBSCAN_CLUSTERS)

__all__ = [
    "CLUSTERINGS",
    "EMBEDDINGS",
    "PROJECTIONS",
    "Clustering",
    "HdbscanParams",
    "InputEmbedding",
    "KMeansParams",
    "Projection",
    "UmapParams",
    "cluster",
    "default_k",
    "embed_inputs",
    "project",
]


def embed_inputs(
    examples: ExampleTable,
    seed: int = 0,
    how: str = "auto",
    given: np.ndarray | None = None,
    progress: Progress | None = None,
) -> tuple[np.ndarray, str]:
    """(float32 [N, d], name): one label-free vector per example, and the words that say what it is.

    how: the name of an entry of EMBEDDINGS (each frozen encoder has one), or "auto": patch features for color images,
    pixels for gray ones, terms for text, columns for tables. `given` vectors [N, d] are used as they are. Raises
    `DataError`, and `ModelError` for an encoder that is not installed.
    """
    if given is not None:
        return _check_given(examples, given), "given embeddings"
    method = _choose(examples, how)
    return require_finite(method.embed(examples, seed, progress or SilentProgress())), method.title


def project(
    name: str, vectors: np.ndarray, params: object | None = None, seed: int = 0, progress: Progress | None = None
) -> np.ndarray:
    """float32 [N, 2] map coordinates by the projection of that name."""
    method = find(name, PROJECTIONS, "projection")
    return method.project(vectors, params or method.params(), seed, progress or SilentProgress())


def cluster(name: str, vectors: np.ndarray, params: object | None = None, seed: int = 0) -> np.ndarray:
    """int32 [N] groups by the clustering of that name, numbered from the largest, -1 = in none."""
    method = find(name, CLUSTERINGS, "clustering")
    return method.cluster(vectors, params or method.params(), seed)


def _check_given(examples: ExampleTable, given: np.ndarray) -> np.ndarray:
    if len(given) != len(examples):
        raise DataError(
            f"There are {len(given)} embeddings for {len(examples)} examples.",
            "Give one vector per example, in the order of the examples.",
        )
    return require_finite(given)


def _choose(examples: ExampleTable, how: str) -> InputEmbedding:
    if examples.modality == Modality.TRACE or examples.inputs is None:
        raise DataError(
            "There are no inputs to embed: only recorded model outputs were given.",
            "Add an array of embeddings, or leave out the scores that need one.",
        )
    if how != "auto":
        method = find(how, EMBEDDINGS, "embedding")
        if method.modality != examples.modality:
            raise DataError(
                f"The embedding {how!r} is for {method.modality.value} data, not for {examples.modality.value} data.",
                "Choose 'auto'.",
            )
        return method
    if examples.modality == Modality.IMAGE:
        return PATCH_FEATURES if is_color(examples.inputs) else PIXELS
    return next(method for method in EMBEDDINGS if method.modality == examples.modality)
