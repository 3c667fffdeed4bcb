"""The clusters of a run, described by what its inputs hold."""

from __future__ import annotations

from collections import Counter

import numpy as np

from core.curation import ScoreView
from core.curation.crossing import count_cells, count_words, describe_clusters
from core.store import Run
from core.types.comparisons import ClusterCard
from core.types.examples import Modality

from .one_example import clusters


def cluster_cards(run: Run, view: ScoreView, name: str) -> tuple[ClusterCard, ...]:
    """A card per cluster of `kmeans` or `hdbscan`; words only where the source can still be read.

    Raises `RunError` when the run has no such clusters.
    """
    codes = np.asarray(clusters(run, name), np.int64)
    vectors = run.array("embedding")
    return describe_clusters(view, codes, run.array("pca") if vectors is None else vectors, _words(run, codes))


def _words(run: Run, codes: np.ndarray) -> list[Counter[str]]:
    inputs, _ = run.inputs()
    if inputs is None:
        return []
    if run.modality is Modality.TEXT:
        return count_words(inputs, codes)
    return count_cells(inputs, codes) if run.modality is Modality.TABLE else []
