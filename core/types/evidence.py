"""What one pass per checkpoint leaves for the scores: arrays, no networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Integer, Shaped

from .recorded import OwnScore
from .signals import Signal
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
    refused: signal -> why the person's own network cannot give it. seen_rows: why `out_of_fold` seems to come from
    models that saw the rows, in words; empty where nothing speaks for it.
    """

    trace: TrainingTrace | None = None
    checkpoints: tuple[CheckpointEvidence, ...] = ()
    input_gradient_spread: Mapping[str, Float[np.ndarray, "seed example"]] = field(default_factory=dict)
    stage_epochs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    out_of_fold: Float[np.ndarray, "example class"] | None = None  # probabilities
    out_of_fold_model: str = ""
    judges: tuple[Judge, ...] = ()  # who was compared for out_of_fold, the best first; () = nobody
    seen_rows: str = ""
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
    """What a person recorded elsewhere, rows as in the table.

    probabilities: out of fold. features: what the last layer read when it made `logits`. learning_rates: one for each
    epoch of the logits; () = alike. own_scores: numbers of their own, one for each example.
    """

    logits: Float[np.ndarray, "... example class"] | None = None
    probabilities: Float[np.ndarray, "example class"] | None = None
    embeddings: Float[np.ndarray, "example feature"] | None = None
    features: Float[np.ndarray, "... example penultimate"] | None = None
    learning_rates: tuple[float, ...] = ()
    own_scores: tuple[OwnScore, ...] = ()

    def states(self) -> EvidenceStatement:
        """The signals among it."""
        arrays = {
            Signal.LOGITS: self.logits,
            Signal.OUT_OF_FOLD: self.probabilities,
            Signal.EMBEDDING: self.embeddings,
            Signal.FEATURES: self.features,
        }
        epochs = None if self.logits is None else int(self.logits.shape[-3]) if self.logits.ndim > 2 else 1
        return EvidenceStatement(frozenset(s for s, array in arrays.items() if array is not None), epochs=epochs)


@dataclass(frozen=True)
class EvidenceStatement:
    """What one source of evidence can give: all that a plan asks of a model, of inputs or of recorded outputs.

    gives: its signals. why_not: for a signal that it cannot give, the reason in one line, as a plan shows it.
    moments: the most checkpoints that it has of one training; epochs: those at which it has logits; None: as many as
    are asked for.
    """

    gives: frozenset[Signal] = frozenset()
    why_not: Mapping[Signal, str] = field(default_factory=dict)
    moments: int | None = None
    epochs: int | None = None

    def beside(self, other: EvidenceStatement) -> EvidenceStatement:
        """What this source and another give together; the other's reasons stand where this one has none."""
        gives = self.gives | other.gives
        reasons = {**other.why_not, **self.why_not}
        moments = other.moments if self.moments is None else self.moments
        epochs = other.epochs if self.epochs is None else self.epochs
        return EvidenceStatement(gives, {s: why for s, why in reasons.items() if s not in gives}, moments, epochs)
