"""Why one prediction: many numbers for one example."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Attribution:
    """Contribution of each part of one input to the logit (or probability) of `target`.

    values: IMAGE [H, W]; TEXT [tokens]; TABLE [columns]; positive pushes towards the target class.
    base, output: value of the explained output at the background and at the example.
    gap: (sum of values) - (output - base), the additivity gap; None where the method makes no such promise.
    """

    method: str
    target: str
    values: np.ndarray
    names: tuple[str, ...]  # tokens or column names; empty for images
    base: float
    output: float
    gap: float | None
    unit: str = "logit"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ExampleInfluence:
    """Training examples that moved one example's loss most. Positive = helped (its loss fell)."""

    ids: tuple[str, ...]
    rows: np.ndarray
    values: np.ndarray
    method: str = "tracin_last_layer"
    notes: tuple[str, ...] = field(default=())
