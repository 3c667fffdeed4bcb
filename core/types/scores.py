"""One number per example, with all that is needed to read it honestly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int32, Shaped

from .errors import CurationError

BINS = 1024  # of a histogram as it is stored: finer than a screen draws, small beside the values


class Light(StrEnum):
    """How an assumption stands on a run."""

    GREEN = "green"  # it holds
    AMBER = "amber"  # worth knowing
    RED = "red"  # the score should not be trusted


@dataclass(frozen=True)
class AssumptionCheck:
    """A light with its number: does this score's assumption hold on this run?"""

    light: Light
    text: str  # in words, with the number
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "light", Light(self.light))


@dataclass(frozen=True, eq=False)
class ScoreResult:
    """What a score returns.

    values: NaN only where the score is not defined for a row, and then `undefined` says why and how many.
    per_seed: the values of each seed; the spread is its standard deviation over seeds.
    skill: how well the evidence behind the score predicts the given labels, 0 (chance) to 1, or None.
    meta: JSON values that a reader needs (chosen epoch, solver, tie share, ...).
    flags: rows beyond a cut-off that the method itself gives, False where it is not defined.
    """

    values: Float[np.ndarray, " example"]
    per_seed: Float[np.ndarray, "seed example"] | None = None
    undefined: Mapping[str, int] = field(default_factory=dict)
    checks: tuple[AssumptionCheck, ...] = ()
    skill: float | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    flags: Bool[np.ndarray, " example"] | None = None

    def __post_init__(self) -> None:
        bad = np.flatnonzero(~np.isfinite(self.values))
        allowed = sum(self.undefined.values())
        if len(bad) != allowed or np.isinf(self.values).any():
            where = int(bad[0]) if len(bad) else -1
            what = f"A score has {len(bad)} non-finite values but explains {allowed}; first at row {where}."
            raise CurationError(what, "The model's outputs there are probably NaN or infinite: look at its input.")

    @property
    def standard_deviation(self) -> Float32[np.ndarray, " example"] | None:
        """Sample standard deviation over seeds, or None with fewer than two seeds."""
        if self.per_seed is None or len(self.per_seed) < 2:
            return None
        return self.per_seed.std(axis=0, ddof=1).astype(np.float32)

    @property
    def seed_count(self) -> int:
        """How many seeds (or folds) the value is averaged over."""
        return 1 if self.per_seed is None else len(self.per_seed)


@dataclass(frozen=True, eq=False)
class Score:
    """A finished score of a run, as read back from disk. Rows follow the run's ExampleTable."""

    method: str
    ids: Shaped[np.ndarray, " example"]  # texts
    values: Float[np.ndarray, " example"]  # NaN = not computed
    standard_deviation: Float[np.ndarray, " example"] | None
    seed_count: int
    direction: str
    group: str
    params: Mapping[str, Any] = field(default_factory=dict)
    undefined: Mapping[str, int] = field(default_factory=dict)
    checks: tuple[AssumptionCheck, ...] = ()
    skill: float | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    flags: Bool[np.ndarray, " example"] | None = None  # beyond the cut-off that the method itself gives


@dataclass(frozen=True, eq=False)
class ScoreIndex:
    """What a slider and a histogram of one score read instead of sorting it.

    order: rows with a value, lowest first (ties by row). counts: rows per given label (the last one: unlabeled) and
    bin of equal width between low and high.
    """

    order: Int32[np.ndarray, " row"]
    sorted_values: Float32[np.ndarray, " row"]
    counts: Int32[np.ndarray, "class bin"]

    @property
    def low(self) -> float:
        """The smallest value; 0 when no row has one."""
        return float(self.sorted_values[0]) if len(self.sorted_values) else 0.0

    @property
    def high(self) -> float:
        """The largest value; 0 when no row has one."""
        return float(self.sorted_values[-1]) if len(self.sorted_values) else 0.0

    def quantile(self, share: float) -> float:
        """The value below which `share` (0..1) of the rows lie (nearest rank)."""
        last = len(self.sorted_values) - 1
        return float(self.sorted_values[round(share * last)]) if last >= 0 else float("nan")

    def top(self, k: int) -> Int32[np.ndarray, " top"]:
        """Rows of the k highest values, highest first."""
        return self.order[::-1][:k]

    def edges(self) -> Float64[np.ndarray, " edge"]:
        """Edges of the bins; around one value alone they are as wide as such numbers can be told apart."""
        alone = self.low + max(1.0, abs(self.low) / BINS)
        return np.linspace(self.low, self.high if self.high > self.low else alone, BINS + 1)
