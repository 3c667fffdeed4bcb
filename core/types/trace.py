"""What training left behind. Most scores are array functions of this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer, UInt8

from .validation import path_inside


@dataclass(frozen=True)
class Checkpoint:
    """A moment of training: after `epoch` epochs (0 = before the first) of one seed."""

    seed: int
    epoch: int
    learning_rate: float
    path: Annotated[str, path_inside] = ""  # relative to the run folder, empty when the weights were not kept


@dataclass(frozen=True, eq=False)
class TrainingTrace:
    """Logits over time.

    logits: at the end of each epoch, eval mode, no augmentation (may be a memmap); rows as in the table.
    epochs: the epoch number of each slice; learning_rates: one for each as well.
    trained: rows the networks were fitted on (held-out and unlabeled rows are False).
    seen_correct: 1 where a row was predicted right at its own presentation, before the update.
    """

    logits: Float[np.ndarray, "seed epoch example class"]
    seeds: tuple[int, ...]
    epochs: tuple[int, ...]
    learning_rates: tuple[float, ...]
    trained: Bool[np.ndarray, " example"]
    checkpoints: tuple[Checkpoint, ...] = ()
    seen_correct: UInt8[np.ndarray, "seed epoch example"] | None = None

    def training_accuracy(self, labels: Integer[np.ndarray, " example"]) -> Float64[np.ndarray, "seed epoch"]:
        """Share of the trained rows whose given label is predicted."""
        rows = np.flatnonzero(self.trained)
        return np.stack(
            [
                [
                    (np.asarray(self.logits[s, t])[rows].argmax(-1) == labels[rows]).mean()
                    for t in range(self.logits.shape[1])
                ]
                for s in range(self.logits.shape[0])
            ]
        )
