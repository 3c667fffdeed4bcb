"""What training left behind. Most scores are array functions of this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

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

    logits: [S, T, N, C] float32 (may be a memmap), end of epoch 1..T, eval mode, no augmentation; rows as in the table.
    epochs: [T] the epoch number of each slice; learning_rates: [T].
    trained: [N] bool, rows the networks were fitted on (held-out and unlabeled rows are False).
    seen_correct: [S, T, N] uint8 or None: correct at the row's own presentation, before the update.
    """

    logits: np.ndarray
    seeds: tuple[int, ...]
    epochs: tuple[int, ...]
    learning_rates: tuple[float, ...]
    trained: np.ndarray
    checkpoints: tuple[Checkpoint, ...] = ()
    seen_correct: np.ndarray | None = None

    def training_accuracy(self, labels: np.ndarray) -> np.ndarray:
        """[S, T] share of the trained rows whose given label is predicted."""
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
