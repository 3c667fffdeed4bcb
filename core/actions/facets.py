"""Facets: ways to divide the rows, and the rows that filters on them let through."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.curation import ScoreView
from core.curation import facets as dividing
from core.store import Run
from core.types.curation import Outcome
from core.types.facets import Facet, FacetCounts, Filters


def fixed_facets(run: Run, view: ScoreView) -> tuple[Facet, ...]:
    """Facets that no decision changes: prediction, zone, split, group, cluster, what methods flag."""
    return dividing.fixed_facets(view, run.array("kmeans"))


def facets_of(view: ScoreView, outcome: Outcome, fixed: Sequence[Facet], version: str = "") -> tuple[Facet, ...]:
    """Every facet: what decisions change (kept or dropped, who decided, label), then the fixed ones.

    version: names the outcome.
    """
    return dividing.facets_of(view, outcome, fixed, version)


def facet_counts(run: Run, view: ScoreView, outcome: Outcome) -> tuple[FacetCounts, ...]:
    """Every facet with the rows of each of its values, all and kept."""
    facets = facets_of(view, outcome, fixed_facets(run, view))
    return tuple(dividing.counted(facet, outcome.kept) for facet in facets)


def shown_rows(view: ScoreView, facets: Sequence[Facet], filters: Filters) -> np.ndarray:
    """bool [N]: rows that pass every card (any of its chosen values), every range and the search."""
    return dividing.shown_rows(view, facets, filters)


def rows_in_range(view: ScoreView, name: str, ends: tuple[float, float], shown: np.ndarray) -> np.ndarray:
    """int64 rows among those shown (bool [N]) with the score between both ends."""
    return dividing.rows_in_range(view, name, ends, shown)


def rows_of_option(facet: Facet, option: str, shown: np.ndarray) -> np.ndarray:
    """int64 rows among those shown (bool [N]) with that value of the facet."""
    return dividing.rows_of_option(facet, option, shown)
