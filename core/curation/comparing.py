"""Two scores side by side: their ranks, how far they agree, and the four quarters they divide the rows into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.composite import RankCorrelation, TopOverlap, rank_correlation, top_overlap
from core.composite.correlation import mean_ranks
from core.types.errors import RulesError
from core.types.methods import Direction, Goal, Group

from .evidence import difficulty, label_evidence, label_suggested
from .view import ScoreColumn, ScoreView

DIFFICULTY, EVIDENCE = "difficulty", "label_evidence"  # the two summaries of METHODS 10.2, comparable like scores
# METHODS 10.2 step 5, by (difficult, evidence for the label). Half of all rows are above any middle: these are sides to
# look at, not findings, and are not called like the narrower zones of `evidence.zones`: one name, one count.
ZONE_QUADRANTS = (
    "easier half, firmer label",
    "easier half, weaker label",
    "harder half, firmer label",
    "harder half, weaker label",
)


@dataclass(frozen=True, eq=False)
class PairComparison:
    """Scores a and b over the rows that both have.

    ranks: float32 [N, 2] in 0..1, NaN where one is missing: the plane on which rows are drawn, a to the right.
    spearman: NaN when not defined. overlaps: of the suspicious ends. quadrants: int8 [N] into names, -1 = missing.
    """

    names: tuple[str, ...]
    ranks: np.ndarray
    spearman: float
    rows: int
    overlaps: tuple[TopOverlap, ...]
    quadrants: np.ndarray

    def counts(self) -> np.ndarray:
        """int64 [4] rows of each quadrant."""
        return np.bincount(self.quadrants[self.quadrants >= 0], minlength=4)


def comparable(view: ScoreView) -> tuple[str, ...]:
    """What can be an axis: the two summaries where the run has what they need, then every score."""
    summaries = [name for name in (DIFFICULTY, EVIDENCE) if np.isfinite(axis_values(view, name)).any()]
    return (*summaries, *view.scores)


def axis_values(view: ScoreView, name: str) -> np.ndarray:
    """[N] float32; raises `RulesError` for a name that is neither a summary nor a score of the run."""
    if name in view.scores:
        return view.scores[name].values
    if name not in (DIFFICULTY, EVIDENCE):
        raise RulesError(f"There is no score {name!r} to compare.", f"Choose one of: {', '.join(view.scores)}.")
    return difficulty(view) if name == DIFFICULTY else label_evidence(view)


def compare_pair(view: ScoreView, a: str, b: str) -> PairComparison:
    """Both axes low to high as the scores are; a row counts as high from the middle rank on."""
    values = [axis_values(view, name) for name in (a, b)]
    both = np.isfinite(values[0]) & np.isfinite(values[1])
    ranks = np.full((len(view), 2), np.nan, np.float32)
    for k in (0, 1):
        ranks[both, k] = (mean_ranks(values[k][both]) - 0.5) / max(int(both.sum()), 1)
    found = rank_correlation({"a": values[0], "b": values[1]})
    suspicious = [np.asarray(v * np.float32(_suspicious(view, name))) for v, name in zip(values, (a, b), strict=True)]
    overlaps = top_overlap(suspicious[0], suspicious[1], view.id_rank)
    return PairComparison(
        _quadrant_names(view, a, b),
        ranks,
        float(found.matrix[0, 1]),
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


def _quadrant_names(view: ScoreView, a: str, b: str) -> tuple[str, ...]:
    """In the order of the codes: low a high b, low a low b, high a high b, high a low b."""
    if _is_difficulty(view, a) and _is_evidence(view, b):
        return ZONE_QUADRANTS
    if _is_evidence(view, a) and _is_difficulty(view, b):  # the same plane, turned
        easy, shortcut, hard, wrong = ZONE_QUADRANTS
        return (wrong, shortcut, hard, easy)
    return tuple(f"{one} {{a}}, {two} {{b}}" for one in ("low", "high") for two in ("high", "low"))


def _is_difficulty(view: ScoreView, name: str) -> bool:
    column = view.scores.get(name)
    return name == DIFFICULTY or (
        column is not None
        and column.group == Group.DIFFICULTY.value
        and column.orientation.get(Goal.KEEP_HARD.value, 0) > 0
    )


def _is_evidence(view: ScoreView, name: str) -> bool:
    column = view.scores.get(name)
    return name == EVIDENCE or (column is not None and _speaks_for_the_label(column))


def _speaks_for_the_label(column: ScoreColumn) -> bool:
    return (
        column.direction in (Direction.TYPICAL.value, Direction.HELPFUL.value)
        and column.orientation.get(Goal.FIND_NOISE.value, 0) < 0
    )


def _suspicious(view: ScoreView, name: str) -> int:
    """+1 when the high end is the one to look at first, -1 when the low end is."""
    if name in view.scores:
        return -1 if view.scores[name].inspect_first == "lowest" else 1
    return -1 if name == EVIDENCE else 1
