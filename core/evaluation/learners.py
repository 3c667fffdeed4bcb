"""What a check trains: something that fits rows and predicts the held-out ones, in the same number of steps for all."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.special import softmax

from core.types.progress import Progress

# Of the quick learner. They are the same for every arm of a check, so that arms differ by their rows alone.
_BATCH = 128
_LEAST_STEPS, _MOST_STEPS, _EPOCHS = 600, 3000, 30
_RATE, _DECAY = 0.05, 3e-3
_NORM = 4.0  # root mean square length of a vector, whatever its unit
_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-8  # Adam's constants


class Learner(Protocol):
    """steps: optimizer steps of every training, whatever its rows; None for one fitted until it has converged."""

    @property
    def name(self) -> str: ...

    @property
    def steps(self) -> int | None: ...

    def predict(
        self, rows: np.ndarray, labels: np.ndarray, seed: int, progress: Progress, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """Class [V] of each held-out row after training on `rows` with labels [N] and weights [N], if any, mean 1.

        Advances once per step.
        """


class LogisticLearner:
    """Multinomial logistic regression on frozen vectors [N, d]: mini-batch Adam, cosine rate, exactly `steps` steps."""

    name = "multinomial logistic regression on the frozen embedding"

    def __init__(
        self, vectors: np.ndarray, classes: int, candidates: np.ndarray, held_out: np.ndarray, steps: int | None = None
    ):
        points = np.asarray(vectors, np.float32)
        centered = points - points[candidates].mean(0)
        # one scale for all columns: to even out principal components would blow up the noise in the last ones
        scale = np.sqrt(np.mean(np.einsum("nd,nd->n", centered[candidates], centered[candidates])))
        self._points = centered * np.float32(_NORM / scale if scale > 0 else 1.0)
        self._classes, self._held_out = classes, held_out
        self.steps: int = steps or min(_MOST_STEPS, max(_LEAST_STEPS, _EPOCHS * len(candidates) // _BATCH))

    def predict(
        self, rows: np.ndarray, labels: np.ndarray, seed: int, progress: Progress, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """Class [V] after exactly `steps` steps; weights multiply the loss of their rows."""
        layer = self._fit(rows, labels, np.random.default_rng([seed, 1]), progress, weights)
        return (self._points[self._held_out] @ layer[:-1] + layer[-1]).argmax(1)

    def _fit(
        self,
        rows: np.ndarray,
        labels: np.ndarray,
        rng: np.random.Generator,
        progress: Progress,
        weights: np.ndarray | None,
    ) -> np.ndarray:
        layer = np.zeros((self._points.shape[1] + 1, self._classes), np.float32)  # the last row is the bias
        first, second = np.zeros_like(layer), np.zeros_like(layer)
        order, at = rng.permutation(rows), 0
        for step in range(1, self.steps + 1):
            if at + _BATCH > len(order):
                order, at = np.concatenate([order[at:], _enough(rows, _BATCH, rng)]), 0
            batch, at = order[at : at + _BATCH], at + _BATCH
            gradient = self._gradient(layer, batch, labels[batch], None if weights is None else weights[batch])
            first += (1 - _FIRST) * (gradient - first)
            second += (1 - _SECOND) * (gradient**2 - second)
            rate = _RATE * (1 + np.cos(np.pi * (step - 1) / self.steps)) / 2
            scale = np.sqrt(second / (1 - _SECOND**step)) + _TINY
            layer -= np.float32(rate / (1 - _FIRST**step)) * first / scale
            progress.advance()
        return layer

    def _gradient(
        self, layer: np.ndarray, batch: np.ndarray, labels: np.ndarray, weights: np.ndarray | None
    ) -> np.ndarray:
        x = self._points[batch]
        z = x @ layer[:-1] + layer[-1]
        p = softmax(z, axis=1)
        p[np.arange(len(batch)), labels] -= 1.0
        p /= len(batch)
        if weights is not None:
            p *= weights[:, None].astype(np.float32)
        return np.vstack([x.T @ p + np.float32(_DECAY) * layer[:-1], p.sum(0)])


def _enough(rows: np.ndarray, least: int, rng: np.random.Generator) -> np.ndarray:
    """One reshuffled pass over the rows, or as many as fill a batch."""
    return np.concatenate([rng.permutation(rows) for _ in range(-(-least // len(rows)))])


def refill(rows: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """[size] `rows` over and over: each equally often, the remainder drawn without repeats."""
    whole, rest = divmod(size, len(rows))
    return np.concatenate([np.tile(rows, whole), rng.choice(rows, rest, replace=False)])
