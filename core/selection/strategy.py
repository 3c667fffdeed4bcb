"""What a selection strategy is, what it may read, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer, UInt32

from core.types.errors import RulesError
from core.types.methods import Method


@dataclass(frozen=True, eq=False)
class StrategyInputs:
    """N examples. Only rows of `candidates` may be dropped; `budget_base` is the number of rows fractions refer to.

    priority: high = keep first, NaN = unknown (ranked as the last to go: nothing speaks against the row).
    scores: raw values; noise_side: score -> +1 where a high value suggests a wrong label, -1 a low one, 0 neither.
    id_rank: place in the order of ids, which breaks ties. order: candidate rows, first to go first, when already known.
    coverage_scores: names along whose strata a selection may be spread, the first choice first.
    """

    priority: Float[np.ndarray, " example"]
    labels: Integer[np.ndarray, " example"]
    candidates: Bool[np.ndarray, " example"]
    scores: Mapping[str, Float[np.ndarray, " example"]]
    noise_side: Mapping[str, int]
    id_rank: UInt32[np.ndarray, " example"]
    budget_base: int
    seed: int = 0
    order: Integer[np.ndarray, " candidate"] | None = None
    coverage_scores: tuple[str, ...] = ()

    @property
    def rows(self) -> Integer[np.ndarray, " candidate"]:
        """Candidate rows, ascending."""
        return np.flatnonzero(self.candidates)

    def budget(self, keep_fraction: float) -> int:
        """How many candidates a fraction keeps: never more than there are."""
        return min(int(round(keep_fraction * self.budget_base)), int(self.candidates.sum()))

    def chance(self) -> Float64[np.ndarray, " example"]:
        """A uniform number per example from seed and place in the order of ids: rows may be permuted."""
        return np.random.default_rng(self.seed).random(len(self.id_rank))[self.id_rank]

    def values(self, name: str) -> Float[np.ndarray, " example"]:
        """The named score, or the composite's keep-priority for "composite"; raises `RulesError`."""
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
    """What stays: rows that are no candidates count as kept. cut: priority at the border, NaN where there is none."""

    kept: Bool[np.ndarray, " example"]
    reason: str
    cut: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class SelectionStrategy(Method):
    """A registered strategy. `uses_fraction`: its parameters have `keep_fraction`. `needs_composite`: it goes by the
    order of the composite, and where there is none it would keep arbitrary rows.
    """

    select: Callable[[StrategyInputs, Any], Selection] = field(repr=False)
    uses_fraction: bool = True
    needs_composite: bool = False


def keep_rows(
    inputs: StrategyInputs, rows: Integer[np.ndarray, " row"], reason: str, cut: float = float("nan")
) -> Selection:
    """Keep these candidates, and every row that is none."""
    kept = ~inputs.candidates
    kept[rows] = True
    return Selection(kept, reason, cut)
