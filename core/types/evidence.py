"""What one visit per checkpoint leaves for the scores: arrays, no networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .trace import Checkpoint, TrainingTrace


@dataclass(frozen=True, eq=False)
class CheckpointEvidence:
    """One kept checkpoint seen over all N rows, in table order.

    logits [N, C]; features [N, d] inputs of the last layer, or None; gradient_norm [N] over all parameters, or None;
    """

    checkpoint: Checkpoint
    logits: np.ndarray
    features: np.ndarray | None = None
    gradient_norm: np.ndarray | None = None
    has_bias: bool = True


@dataclass(frozen=True, eq=False)
class FoldModel:
    """A network that did not see fold `fold`: features [N, d], logits [N, C], trained [N] bool."""

    fold: int
    logits: np.ndarray
    features: np.ndarray
    trained: np.ndarray
    weight_decay: float = 0.0
    has_bias: bool = True


@dataclass(frozen=True, eq=False)
class ThresholdRun:
    """A training in which the rows `relabeled` [n] carried an extra class: what a wrong label looks like.

    margins [T, N] float32: logit of the label trained on minus the largest other logit, at the end of each epoch.
    """

    relabeled: np.ndarray
    margins: np.ndarray


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything the scores of one run may read; absent parts are None or empty.

    input_gradient_spread: stage ("early" | "middle" | "late" | "all") -> [S, N] mean over input positions of the
    standard deviation over that stage's checkpoints of dz_y/dx (color channels averaged first).
    stage_epochs: the epochs behind each stage. not_finite: [N] bool, rows without finite outputs, zero in all arrays.
    refused: signal -> why the person's own network cannot give it.
    """

    trace: TrainingTrace | None = None
    checkpoints: tuple[CheckpointEvidence, ...] = ()
    input_gradient_spread: Mapping[str, np.ndarray] = field(default_factory=dict)
    stage_epochs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    out_of_fold: np.ndarray | None = None  # [N, C]
    out_of_fold_model: str = ""
    fold_models: tuple[FoldModel, ...] = ()
    embedding: np.ndarray | None = None  # [N, d] float32
    embedding_name: str = ""
    texts: np.ndarray | None = None  # [N] str, where the examples are texts
    weight_decay: float = 0.0
    threshold_runs: tuple[ThresholdRun, ...] = ()
    not_finite: np.ndarray | None = None
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class GivenEvidence:
    """What a person recorded elsewhere: logits [S, T, N, C], out-of-fold probabilities [N, C], embeddings [N, d]."""

    logits: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    embeddings: np.ndarray | None = None
