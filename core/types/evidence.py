"""What one pass per checkpoint leaves for the scores: arrays, no networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Integer, Shaped

from .trace import Checkpoint, TrainingTrace


@dataclass(frozen=True, eq=False)
class CheckpointEvidence:
    """The outputs of one kept checkpoint for all rows, in table order.

    features: inputs of the last layer. gradient_norm: over all parameters.
    """

    checkpoint: Checkpoint
    logits: Float[np.ndarray, "example class"]
    features: Float[np.ndarray, "example feature"] | None = None
    gradient_norm: Float[np.ndarray, " example"] | None = None
    has_bias: bool = True


@dataclass(frozen=True, eq=False)
class FoldModel:
    """A network that did not see fold `fold`. trained: rows it was fitted on."""

    fold: int
    logits: Float[np.ndarray, "example class"]
    features: Float[np.ndarray, "example feature"]
    trained: Bool[np.ndarray, " example"]
    weight_decay: float = 0.0
    has_bias: bool = True


@dataclass(frozen=True, eq=False)
class ThresholdRun:
    """A training in which the rows `relabeled` carried an extra class: what a wrong label looks like.

    margins: logit of the label trained on minus the largest other logit, at the end of each epoch.
    """

    relabeled: Integer[np.ndarray, " relabeled"]
    margins: Float[np.ndarray, "epoch example"]


@dataclass(frozen=True)
class Judge:
    """One that was compared as a judge of the labels. accuracy, log_loss: out of fold, on the given labels."""

    name: str
    accuracy: float
    log_loss: float
    chosen: bool


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything the scores of one run may read; absent parts are None or empty.

    input_gradient_spread: stage ("early" | "middle" | "late" | "all") -> mean over input positions of the
    standard deviation over that stage's checkpoints of dz_y/dx (color channels averaged first).
    stage_epochs: the epochs behind each stage. not_finite: rows without finite outputs, zero in all arrays.
    refused: signal -> why the person's own network cannot give it.
    """

    trace: TrainingTrace | None = None
    checkpoints: tuple[CheckpointEvidence, ...] = ()
    input_gradient_spread: Mapping[str, Float[np.ndarray, "seed example"]] = field(default_factory=dict)
    stage_epochs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    out_of_fold: Float[np.ndarray, "example class"] | None = None  # probabilities
    out_of_fold_model: str = ""
    judges: tuple[Judge, ...] = ()  # who was compared for out_of_fold, the best first; () = nobody
    fold_models: tuple[FoldModel, ...] = ()
    embedding: Float[np.ndarray, "example feature"] | None = None
    embedding_name: str = ""
    texts: Shaped[np.ndarray, " example"] | None = None  # where the examples are texts
    weight_decay: float = 0.0
    threshold_runs: tuple[ThresholdRun, ...] = ()
    not_finite: Bool[np.ndarray, " example"] | None = None
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class GivenEvidence:
    """What a person recorded elsewhere. probabilities: out of fold."""

    logits: Float[np.ndarray, "... example class"] | None = None
    probabilities: Float[np.ndarray, "example class"] | None = None
    embeddings: Float[np.ndarray, "example feature"] | None = None
