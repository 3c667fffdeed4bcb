"""Intervals of means and of paired differences, and what they say in words. No scipy.stats: it is slow to import."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from core.types.checks import Verdict

_TAIL = 0.975  # of the t distribution: intervals are two-sided, at 95 %


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error and degrees of freedom; low, high: 95 % t interval."""

    mean: float
    error: float
    freedom: float

    @property
    def low(self) -> float:
        """Lower end."""
        return self.mean - self._half()

    @property
    def high(self) -> float:
        """Upper end."""
        return self.mean + self._half()

    def above(self, value: float) -> float:
        """Confidence (0..1) that the true mean is above `value`."""
        if self.error == 0:
            return float(self.mean > value)
        return float(stdtr(self.freedom, (self.mean - value) / self.error))

    def _half(self) -> float:
        return float(stdtrit(self.freedom, _TAIL)) * self.error if self.error > 0 else 0.0


def over_seeds(values: np.ndarray) -> Estimate:
    """Mean of one value per seed [S], S >= 2."""
    values = np.asarray(values, float)
    return Estimate(float(values.mean()), _error(values), len(values) - 1.0)


def paired(first: np.ndarray, second: np.ndarray) -> Estimate:
    """Mean accuracy of `first` minus `second`, both [S, V] bool: right or wrong per seed and held-out row.

    Two sources of chance are added up, the seeds (training and the random draw) and the finite held-out split, with
    Satterthwaite's degrees of freedom. Row differences contain some of the seeds' chance, so the sum errs to the wide
    side. Both are paired: what is hard for both cancels. No interval is narrower than one row's worth: agreement on V
    rows says nothing finer.
    """
    difference = first.astype(np.float64) - second.astype(np.float64)
    by_seed, by_row = difference.mean(1), difference.mean(0)
    seeds, rows = _error(by_seed) ** 2, max(_error(by_row), 1.0 / len(by_row)) ** 2
    total = seeds + rows
    weight = seeds**2 / max(len(by_seed) - 1, 1) + rows**2 / max(len(by_row) - 1, 1)
    return Estimate(float(by_seed.mean()), float(np.sqrt(total)), float(total**2 / weight))


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def verdict(low: float, high: float) -> Verdict:
    """better than | no different from | worse than, by whether the interval leaves out 0."""
    if low > 0:
        return Verdict.BETTER
    return Verdict.WORSE if high < 0 else Verdict.SAME
