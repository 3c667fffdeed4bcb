"""Why one prediction: many numbers for one example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Integer


@dataclass(frozen=True)
class Concept:
    """A direction in the network's activations that returns in many crops, and what it does in one example.

    importance, importance_error: mean total Sobol index over images of the class, and its standard error.
    activation: how strongly this example has it; percentile: of the class's images with less of it (0..100).
    contribution: what it adds to the explained output here. crops: (row, top, left, side) in pixels of the encoder's
    [height, width] image, of the places in training images where it is strongest.
    """

    name: str
    importance: float
    importance_error: float
    activation: float
    percentile: float
    contribution: float
    crops: tuple[tuple[int, int, int, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Attribution:
    """Contribution of each part of one input to the logit (or probability) of `target`.

    values: IMAGE [height, width]; TEXT [tokens]; TABLE [columns]; positive pushes towards the target class.
    base, output: value of the explained output at the background and at the example.
    gap: (sum of values) - (output - base), the additivity gap; None where the method makes no such promise.
    errors: standard error of each value where the method draws at random and can tell. concepts: the most important
    first, where the method finds any; size [2]: height and width of the image that their crops are cut from.
    """

    method: str
    target: str
    values: Float[np.ndarray, "*part"]
    names: tuple[str, ...]  # tokens or column names; empty for images
    base: float
    output: float
    gap: float | None
    unit: str = "logit"
    notes: tuple[str, ...] = ()
    errors: Float[np.ndarray, "*part"] | None = None
    concepts: tuple[Concept, ...] = ()
    size: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Edit:
    """What to change in one example, only to ask the model again.

    without: positions of words left out. covered: numbers of blocks of the image covered, counted row by row on a
    grid of 8 x 8 (fewer for smaller images). cells: column -> new value, None for missing.
    """

    without: tuple[int, ...] = ()
    covered: tuple[int, ...] = ()
    cells: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.without or self.covered or self.cells)


@dataclass(frozen=True)
class Judgement:
    """What the model says of one input. of_label, el2n, loss: None for an example without a label.

    probabilities: of every class, in the order of the model's classes.
    el2n: length of (probabilities - one-hot label); loss: -log of the label's probability; both of this one model.
    """

    predicted: str
    probability: float
    of_label: float | None = None
    el2n: float | None = None
    loss: float | None = None
    probabilities: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "probabilities", tuple(self.probabilities))  # a list after a journey as JSON


@dataclass(frozen=True)
class WhatIf:
    """The model's judgement before and after an edit. Nothing of it is kept; `warning` says how to read it."""

    before: Judgement
    after: Judgement
    changed: str  # the edit in words
    model: str  # whose judgement it is
    label: str = ""
    warning: str = ""


@dataclass(frozen=True, eq=False)
class ExampleInfluence:
    """Training examples that moved one example's loss most. Positive = helped (its loss fell)."""

    ids: tuple[str, ...]
    rows: Integer[np.ndarray, " row"]
    values: Float[np.ndarray, " row"]
    method: str = "tracin_last_layer"
    notes: tuple[str, ...] = field(default=())
