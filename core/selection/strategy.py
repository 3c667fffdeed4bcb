"""What a selection strategy is, what it may read, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.types.errors import RulesError
from core.types.methods import Method


@dataclass(frozen=True, eq=False)
class StrategyInputs:
    """N examples. Only rows of `candidates` may be dropped; `budget_base` is the number of rows fractions refer to.

    priority: [N] float32, high = keep first, NaN = unknown (kept first of all: nothing speaks against the row).
    scores: raw values; noise_side: score -> +1 where a high value suggests a wrong label, -1 a low one, 0 neither.
    id_rank: [N] uint32, how ties are broken. order: candidate rows, first to go first, when already known.
    coverage_scores: names along whose strata a selection may be spread, the first choice first.
    """

    priority: np.ndarray
    labels: np.ndarray
    candidates: np.ndarray  # [N] bool
    scores: Mapping[str, np.ndarray]
    noise_side: Mapping[str, int]
    id_rank: np.ndarray
    budget_base: int
    seed: int = 0
    order: np.ndarray | None = None
    coverage_scores: tuple[str, ...] = ()

    @property
    def rows(self) -> np.ndarray:
        """Candidate rows, ascending."""
        return np.flatnonzero(self.candidates)

    def budget(self, keep_fraction: float) -> int:
        """How many candidates a fraction keeps: never more than there are."""
        return min(int(round(keep_fraction * self.budget_base)), int(self.candidates.sum()))

    def chance(self) -> np.ndarray:
        """[N] a uniform number per example from seed and place in the order of ids: rows may be permuted."""
        return np.random.default_rng(self.seed).random(len(self.id_rank))[self.id_rank]

    def values(self, name: str) -> np.ndarray:
        """[N] the named score, or the composite's keep-priority for "composite"; raises `RulesError`."""
        if name == "composite":
            return self.priority
        if name not in self.scores:
            raise RulesError(
                f"The strategy asks for the score {name!r}, which this run does not have.",
                f"Scores of this run: {', '.join(self.scores) or 'none'}, or composite.",
            )
        return self.scores[name]


@dataclass(frozen=True, eq=False)
class Selection:
    """kept [N] bool (rows that are no candidates count as kept); cut: priority at the border where there is one."""

    kept: np.ndarray
    reason: str
    cut: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class SelectionStrategy(Method):
    """A registered strategy. `uses_fraction`: its parameters have `keep_fraction`."""

    select: Callable[[StrategyInputs, Any], Selection] = field(repr=False)
    uses_fraction: bool = True


def keep_rows(inputs: StrategyInputs, rows: np.ndarray, reason: str, cut: float = float("nan")) -> Selection:
    """Keep these candidates, and every row that is none."""
    kept = ~inputs.candidates
    kept[rows] = True
    return Selection(kept, reason, cut)
