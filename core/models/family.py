"""How a model family describes itself; needs no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.types.examples import Modality
from core.types.methods import Method


@dataclass(frozen=True)
class InputShape:
    """One encoded example: image (channels, height, width), table (columns,), text (terms + padding,)."""

    modality: Modality
    dims: tuple[int, ...]


@dataclass(frozen=True)
class TrainingDefaults:
    """What a family trains well with when nothing else is said.

    moves: training steps see images shifted, and mirrored where they have colors.
    """

    epochs: int = 12
    batch_size: int = 128
    learning_rate: float = 0.05
    optimizer: str = "sgd"
    weight_decay: float = 5e-4
    schedule: str = "constant"
    moves: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelFamily(Method):
    """A registered kind of model.

    modalities: what it can read. build(shape, classes, params, seed): a freshly initialised torch network, or for
    `probabilities_only` families an unfitted scikit-learn estimator; torch or scikit-learn are imported inside.
    """

    modalities: tuple[Modality, ...]
    build: Callable[[InputShape, int, Any, int], Any] = field(repr=False)
    defaults: TrainingDefaults = TrainingDefaults()
    probabilities_only: bool = False
