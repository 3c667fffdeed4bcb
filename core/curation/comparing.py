"""Two scores side by side: their ranks, how far they agree, and the four quarters they divide the rows into."""

from __future__ import annotations

import numpy as np

from core.composite import rank_correlation, top_overlap
from core.types.comparisons import PairComparison, RankCorrelation
from core.types.errors import RulesError
from core.types.ranks import average_rank
from core.types.registry import check_name

from .evidence import difficulty, label_evidence, label_suggested
from .view import ScoreView

# The two summaries of METHODS: The composite, comparable like scores.
DIFFICULTY, EVIDENCE = "difficulty", "label_evidence"
# In the order of the codes. Half of all rows are above any middle: these are sides to look at, not findings, and are
# not called like the narrower zones of `evidence.zones`.
_QUADRANTS = ("low {a}, high {b}", "low {a}, low {b}", "high {a}, high {b}", "high {a}, low {b}")


def quadrant_words(a: str, b: str) -> tuple[str, ...]:
    """The four quadrants for scores of these titles, in the order of their codes."""
    return tuple(words.format(a=a, b=b) for words in _QUADRANTS)


def comparable(view: ScoreView) -> tuple[str, ...]:
    """What can be an axis: the two summaries where the run has what they need, then every score."""
    summaries = [name for name in (DIFFICULTY, EVIDENCE) if np.isfinite(axis_values(view, name)).any()]
    return (*summaries, *view.scores)


def axis_values(view: ScoreView, name: str) -> np.ndarray:
    """[N] float32; raises `RulesError` for a name that is neither a summary nor a score of the run."""
    if name in view.scores:
        return view.scores[name].values
    check_name(name, (*view.scores, DIFFICULTY, EVIDENCE), "score to compare", RulesError)
    return difficulty(view) if name == DIFFICULTY else label_evidence(view)


def compare_pair(view: ScoreView, a: str, b: str) -> PairComparison:
    """Both axes low to high as the scores are; a row counts as high from the middle rank on."""
    values = [axis_values(view, name) for name in (a, b)]
    both = np.isfinite(values[0]) & np.isfinite(values[1])
    ranks = np.full((len(view), 2), np.nan, np.float32)
    for k in (0, 1):
        ranks[both, k] = (average_rank(values[k][both]) - 0.5) / max(int(both.sum()), 1)
    correlation = rank_correlation({"a": values[0], "b": values[1]})
    suspicious = [np.asarray(v * np.float32(_suspicious(view, name))) for v, name in zip(values, (a, b), strict=True)]
    overlaps = top_overlap(suspicious[0], suspicious[1], view.id_rank)
    return PairComparison(
        ranks,
        float(correlation.matrix[0, 1]),
        int(both.sum()),
        overlaps,
        _quadrants(ranks, both),
    )


def correlations(view: ScoreView, most: int = 1_000_000) -> RankCorrelation:
    """Every score against every other; signs are those of the scores, not of a goal."""
    return rank_correlation({name: column.values for name, column in view.scores.items()}, most)


def suspected_label(view: ScoreView) -> np.ndarray | None:
    """[N] bool, rows whose label a model that did not see them doubts; None without out-of-fold predictions."""
    if view.predicted is None or view.predicted_how != "out_of_fold":
        return None
    return label_suggested(view) >= 0


def _quadrants(ranks: np.ndarray, both: np.ndarray) -> np.ndarray:
    """Bit 1: high a; bit 0: low b; so that 3 is high a and low b. -1 where one is missing."""
    code = np.full(len(ranks), -1, np.int8)
    code[both] = 2 * (ranks[both, 0] >= 0.5) + (ranks[both, 1] < 0.5)
    return code


def _suspicious(view: ScoreView, name: str) -> int:
    """+1 when the high end is the one to look at first, -1 when the low end is."""
    if name in view.scores:
        return -1 if view.scores[name].inspect_first == "lowest" else 1
    return -1 if name == EVIDENCE else 1
