"""One example of a run: its input, how the networks learned it, and the rows that are like it."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.curation import ScoreView, duplicate_groups
from core.runs.read import one_example
from core.store import Run


def example_input(run: Run, row: int, most: int = 0) -> tuple[Any, str]:
    """One input (uint8 [H, W, C], str, or dict column -> value) and "", or None and why it cannot be shown.

    most: pixels of an image's longer side, such as of a thumbnail; 0 = all that it has.
    """
    return one_example.example_input(run, row, most)


def training_curve(run: Run, row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """epochs [T], probability of the given label [S, T], predicted class [S, T]; None without a training trace."""
    return one_example.training_curve(run, row)


def neighbors(run: Run, row: int, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the k nearest other examples in the label-free embedding (nearest first) and their distances."""
    return one_example.neighbors(run, row, k)


def near_duplicates(view: ScoreView, row: int, similarity: float, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the same near-duplicate group as `row`, and their similarity to it (NaN: linked through others).

    similarity: from which two rows count as near-duplicates (0..1, 1 = identical), as in the guardrail. At most k, the
    most similar first.
    """
    groups = duplicate_groups(view, similarity)
    if groups[row] < 0:
        return np.empty(0, np.int64), np.empty(0)
    rows = np.flatnonzero(groups == groups[row])
    rows = rows[rows != row]
    known = _similarities(view, row)
    similarities = np.array([known.get(int(other), np.nan) for other in rows])
    order = np.argsort(-np.nan_to_num(similarities, nan=-1.0), kind="stable")[:k]
    return rows[order], similarities[order]


def rows_alike(view: ScoreView, similarity: float) -> np.ndarray:
    """Rows that have another one at least as similar as that (0..1); those of equal content are among them."""
    return np.flatnonzero(duplicate_groups(view, similarity) >= 0)


def _similarities(view: ScoreView, row: int) -> dict[int, float]:
    known: dict[int, float] = {}
    if view.neighbors is not None and view.neighbor_similarity is not None:
        places = zip(view.neighbors[row], view.neighbor_similarity[row], strict=True)
        known = {int(other): float(value) for other, value in places if other >= 0}
    if view.exact_duplicate_of is not None:
        same = view.exact_duplicate_of == view.exact_duplicate_of[row]
        known |= {int(other): 1.0 for other in np.flatnonzero(same)}
    return known
