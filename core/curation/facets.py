"""Ways to divide the rows of a run (facets) and the rows that filters on them let through."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from core.types.curation import SOURCES, Outcome
from core.types.facets import Facet, FacetCounts, Filters

from .evidence import ZONES, zones
from .view import ScoreView

_MOST_OPTIONS = 500  # a facet with more values is a search, not a card


def facets_of(view: ScoreView, outcome: Outcome, fixed: Sequence[Facet], version: str = "") -> tuple[Facet, ...]:
    """Every way to divide the rows: what decisions change, then what they do not (`fixed_facets`).

    version: names the outcome.
    """
    decision = Facet("decision", "Decision", ("dropped", "kept"), outcome.kept.view(np.int8), version)
    changing = (decision, facet_of_sources(outcome, version), facet_of_labels(view, outcome))
    return (*(facet for facet in changing if facet is not None), *fixed)


def facet_of_words(name: str, title: str, words: np.ndarray) -> Facet | None:
    """A facet over [N] words; None with fewer than two or too many different ones."""
    options, codes = np.unique(np.asarray(words).astype(str), return_inverse=True)
    if not 1 < len(options) <= _MOST_OPTIONS:
        return None
    return Facet(name, title, tuple(str(o) for o in options), codes.astype(np.int64))


def facet_of_sources(outcome: Outcome, version: str = "") -> Facet | None:
    """Who decided each row; None when it was the same for all. version: names the outcome."""
    present = np.flatnonzero(np.bincount(outcome.source_code, minlength=len(SOURCES)))
    present = np.array(sorted(present, key=lambda code: SOURCES[code].value), np.int64)
    if len(present) < 2:
        return None
    code = np.zeros(len(SOURCES), np.int8)
    code[present] = np.arange(len(present))
    return Facet("source", "Decided by", tuple(SOURCES[k].value for k in present), code[outcome.source_code], version)


def facet_of_labels(view: ScoreView, outcome: Outcome) -> Facet:
    """The label of each row as it leaves: a person's where one was given."""
    labels = outcome.label_final
    moved = np.flatnonzero(labels != view.labels) if labels is not view.labels else np.empty(0, np.int64)
    named = hashlib.sha256(moved.tobytes() + labels[moved].tobytes()).hexdigest()[:12] if len(moved) else ""
    return Facet("label", "Label", view.class_names, labels, named)


def fixed_facets(view: ScoreView, clusters: np.ndarray | None) -> tuple[Facet, ...]:
    """Facets that no decision changes: prediction, zone, split, group, cluster."""
    facets: list[Facet | None] = []
    if view.predicted is not None:
        facets.append(Facet("predicted", "Prediction", view.class_names, np.asarray(view.predicted, np.int64)))
    if view.scores:
        facets.append(Facet("zone", "Zone", tuple(zone.words for zone in ZONES), zones(view).astype(np.int64)))
    facets.append(facet_of_words("split", "Split", view.splits))
    if view.groups is not None:
        facets.append(facet_of_words("group", "Group", view.groups))
    if clusters is not None:
        facets.append(cluster_facet(clusters))
    facets += [_flag_facet(name, column.flags) for name, column in view.scores.items() if column.flags is not None]
    return tuple(facet for facet in facets if facet is not None)


def _flag_facet(name: str, flags: np.ndarray) -> Facet:
    """Rows beyond the cut-off that a score's method itself gives."""
    return Facet(f"flag-{name}", f"Flagged by {name}", ("not flagged", "flagged"), flags.astype(np.int64))


def cluster_facet(clusters: np.ndarray) -> Facet:
    """Clusters by number; rows in none stay out."""
    top = int(clusters.max(initial=-1)) + 1
    return Facet("cluster", "Cluster", tuple(f"cluster {c}" for c in range(top)), np.asarray(clusters, np.int64))


def counted(facet: Facet, kept: np.ndarray) -> FacetCounts:
    """How many rows, and how many of those kept (bool [N]), have each value of a facet."""
    counts = zip(facet.options, facet.counts().tolist(), facet.counts(kept).tolist(), strict=True)
    return FacetCounts(facet.name, facet.title, tuple(counts))


def shown_rows(view: ScoreView, facets: Sequence[Facet], filters: Filters) -> np.ndarray:
    """bool [N]: rows that pass every card (any of its chosen values), every range and the search."""
    if not filters.active:
        return view.every_row
    shown = np.ones(len(view), bool)
    for facet in facets:
        codes = [k for k, option in enumerate(facet.options) if option in set(filters.chosen.get(facet.name, ()))]
        if codes:
            shown &= np.isin(facet.codes, codes)
    for name, (low, high) in filters.ranges.items():
        if name in view.scores:
            shown &= _within(view, name, low, high)
    return shown & _matching(view, filters.words) if filters.words else shown


def _within(view: ScoreView, name: str, low: float, high: float) -> np.ndarray:
    """bool [N]: rows with the score between both ends, these included."""
    values = view.scores[name].values
    return (values >= np.float32(low)) & (values <= np.float32(high))


def rows_in_range(view: ScoreView, name: str, ends: tuple[float, float], shown: np.ndarray) -> np.ndarray:
    """Shown rows with the score between both ends."""
    return np.flatnonzero(_within(view, name, *ends) & shown)


def rows_of_option(facet: Facet, option: str, shown: np.ndarray) -> np.ndarray:
    """Shown rows with that value of the facet."""
    code = facet.options.index(option) if option in facet.options else -2
    return np.flatnonzero((facet.codes == code) & shown)


def _matching(view: ScoreView, words: str) -> np.ndarray:
    """bool [N]: rows with the words in their id, path, group or any of the user's own columns; kept per view."""
    return view.remember(("search", words.casefold()), lambda: _search(view, words.casefold()))


def _search(view: ScoreView, words: str) -> np.ndarray:
    matches = np.zeros(len(view), bool)
    for texts in (view.ids, view.source_path, view.groups):
        if texts is not None:
            matches |= np.fromiter((words in str(text).casefold() for text in texts), bool, len(view))
    for name in () if view.columns is None else view.columns.columns:
        matches |= view.columns[name].astype(str).str.contains(words, case=False, regex=False).to_numpy(bool)
    return matches
