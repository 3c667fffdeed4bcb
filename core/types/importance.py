"""Which columns of a table matter, and which of their values: plain values for the screen, the terminal and JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AspectImportance:
    """Columns that say much the same, taken together: what a model loses without them.

    drop: held-out accuracy lost when their cells are shuffled, mean; low, high: 95 % t interval over the shuffles.
    built_in: the forest's own importance, a share of 1. shap: mean |SHAP| over held-out rows and classes (probability).
    """

    columns: tuple[str, ...]
    drop: float
    low: float
    high: float
    built_in: float
    shap: float


@dataclass(frozen=True)
class ForwardStep:
    """The aspect added at one step of a forward selection, and the accuracy with all that were added so far."""

    columns: tuple[str, ...]
    accuracy: float


@dataclass(frozen=True)
class ColumnImportances:
    """aspects: the most important first. agreement: pair of measures -> Spearman's rank correlation, NaN never."""

    model: str
    accuracy: float
    rows: int
    held_out: int
    held_out_is: str
    aspects: tuple[AspectImportance, ...]
    agreement: dict[str, float]
    forward: tuple[ForwardStep, ...]


@dataclass(frozen=True)
class ValueImportance:
    """A score over the rows with one value of a column: mean with a 95 % t interval.

    share: of the sum over all rows of what is above the smallest score; sums to 1 over the values.
    """

    value: str
    rows: int
    mean: float
    low: float
    high: float
    share: float
