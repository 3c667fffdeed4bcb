"""The map that keeps neighbors together. It compiles itself at each start: only ever inside a run's own process."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from core.types.errors import DataError
from core.types.methods import Paper
from core.types.params import param
from core.types.progress import Progress

from .method import Projection
from .reduction import blocks, fit_rows, require_finite

FIT_LIMIT = 50_000  # rows: time and memory grow with them; the others are placed beside their neighbors among these
LEAST = 5  # examples: fewer have no neighborhoods to lay out


@dataclass(frozen=True)
class UmapParams:
    """Settings of the UMAP map."""

    neighbors: int = param(
        15,
        label="Neighbors",
        low=2,
        high=200,
        help="How many nearest examples each one is tied to: few show detail, many the whole.",
    )
    min_dist: float = param(0.1, label="Least distance", low=0.0, high=1.0, help="How tightly points may be packed.")


def project_umap(vectors: np.ndarray, params: UmapParams, seed: int, progress: Progress) -> np.ndarray:
    """float32 [N, 2]. Fitted on at most 50,000 random rows, the others are placed among them.

    Reproducible on one machine only, hence stored with the run. `DataError` with fewer than 5 rows.
    """
    vectors = require_finite(vectors)
    if len(vectors) < LEAST:
        raise DataError(
            f"A UMAP map needs at least {LEAST} examples; there are {len(vectors)}.", "Look at the PCA map."
        )
    rows = fit_rows(len(vectors), seed, limit=FIT_LIMIT)
    rest = np.setdiff1d(np.arange(len(vectors)), rows)
    pieces = list(blocks(rest, 10_000))
    progress.stage("UMAP map", 1 + len(pieces))
    with warnings.catch_warnings():
        _ignore_library_warnings()
        reducer = _fit(vectors[rows], params, seed)
        progress.advance()
        flat = np.empty((len(vectors), 2), dtype=np.float32)
        flat[rows] = reducer.embedding_
        for piece in pieces:
            flat[piece] = reducer.transform(vectors[piece])
            progress.advance()
    return flat


def _fit(vectors: np.ndarray, params: UmapParams, seed: int):
    import umap

    _keep_what_is_compiled()
    # PCA start: the spectral start misbehaves where the neighbor graph falls apart. One job: needed for a fixed seed.
    return umap.UMAP(
        n_neighbors=min(params.neighbors, len(vectors) - 1),
        min_dist=params.min_dist,
        init="pca",
        random_state=seed,
        n_jobs=1,
    ).fit(vectors)


def _keep_what_is_compiled() -> None:
    """Ask numba to store the machine code of umap's functions, as umap itself asks for one of them.

    Without, each process that draws a map first compiles for several seconds, longer than the map of a small dataset
    takes. numba keeps the code beside umap's source or in the user's cache, and drops it when either package changes.
    """
    from numba.core.dispatcher import Dispatcher
    from umap import distances, layouts, umap_, utils

    for module in (distances, layouts, umap_, utils):
        for function in vars(module).values():
            if isinstance(function, Dispatcher):
                function.enable_caching()


def _ignore_library_warnings() -> None:
    """Ignore what umap, pynndescent and numba warn of about themselves: no user of a map can act on it."""
    libraries = r"(umap|pynndescent|numba|sklearn|scipy)(\.|$)"
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=libraries)
    warnings.filterwarnings("ignore", category=FutureWarning, module=libraries)
    warnings.filterwarnings("ignore", category=ImportWarning, message="Tensorflow not installed")
    warnings.filterwarnings("ignore", category=UserWarning, module=r"umap(\.|$)")
    warnings.filterwarnings("ignore", message=".*numba.*|.*parallel.*TBB.*")


UMAP_MAP = Projection(
    name="umap",
    title="UMAP",
    summary="Neighbors stay together; distances between groups mean little.",
    paper=Paper(
        "McInnes, Healy, Melville",
        2018,
        "UMAP: Uniform Manifold Approximation and Projection",
        "https://arxiv.org/abs/1802.03426",
    ),
    params=UmapParams,
    project=project_umap,
    cost="about N log N; 20 s at 2,000 rows, 90 s at 60,000",
)
