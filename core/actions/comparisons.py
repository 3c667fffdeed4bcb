"""Scores, zones, clusters and maps beside one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.curation import ScoreView, comparing, crossing, evidence
from core.embeddings import preservation
from core.runs.read import clusters
from core.store import Run
from core.types.comparisons import ClusterCard, Crossing, PairComparison, RankCorrelation


def summary_titles() -> dict[str, str]:
    """The two summaries of several scores that can be an axis: name -> title."""
    return {comparing.DIFFICULTY: "Difficulty (all its scores)", comparing.EVIDENCE: "Label evidence (all its scores)"}


def axes(view: ScoreView) -> tuple[str, ...]:
    """What can be an axis: the summaries where the run has what they need, then every score."""
    return comparing.comparable(view)


def compare_pair(view: ScoreView, a: str, b: str) -> PairComparison:
    """Two axes of the run: ranks, agreement, what their ends share, quadrants. Raises `RulesError` for other names."""
    return comparing.compare_pair(view, a, b)


def quadrant_words(a: str, b: str) -> tuple[str, ...]:
    """The four quadrants for axes of these titles, in the order of their codes."""
    return comparing.quadrant_words(a, b)


def correlations(view: ScoreView) -> RankCorrelation:
    """Every score against every other; signs are those of the scores, not of a goal."""
    return comparing.correlations(view)


def zones(view: ScoreView) -> np.ndarray:
    """uint8 [N] zone of each row, as a place in `tuple(Zone)`."""
    return evidence.zones(view)


def cross_zones(view: ScoreView, codes: np.ndarray, groups: Sequence[str]) -> Crossing:
    """How many rows of each group (codes int [N], -1 = none) lie in each of the zones."""
    return crossing.cross_zones(view, codes, groups)


def data_map(view: ScoreView) -> tuple[np.ndarray, np.ndarray] | None:
    """float32 [N, 2] variability and confidence, int8 [N] region in `REGIONS` (-1 = none); None without both scores."""
    return crossing.data_map(view)


def cluster_cards(run: Run, view: ScoreView, name: str) -> tuple[ClusterCard, ...]:
    """What sets each cluster of `kmeans` or `hdbscan` apart. Raises `RunError` when the run has none."""
    return clusters.cluster_cards(run, view, name)


def neighbors_kept(run: Run, layout: str) -> np.ndarray | None:
    """float32 [N] in 0..1: share of the nearest neighbors that stay so on that map; None without map or neighbors."""
    coords, neighbors = run.array(layout), run.array("neighbors")
    if coords is None or neighbors is None:
        return None
    return preservation.neighbors_kept(np.asarray(coords), np.asarray(neighbors))
