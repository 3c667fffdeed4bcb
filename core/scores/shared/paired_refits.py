"""Leaving out one row of a small network by training it again, once for each row, from the same start each time.

All n + 1 networks (each without one row, and one with all) are trained at once as one stack: one hidden layer of 16,
plain gradient descent with momentum. The stack shares its starting weights and the order of its batches, and a row left
out only weighs nothing where it occurs: a pair of networks differs by the row and by nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Integer

from core.scores.shared.ridge_game import RidgeGame
from core.types.progress import Progress

_HIDDEN = 16  # units: a boundary need not be linear, and n + 1 such networks fit in memory
_BATCH = 32  # rows of a step, as is usual for so few rows
_EPOCHS = 15  # passes over the rows: the cost of n + 1 trainings grows with them
_RATE, _MOMENTUM = 0.05, 0.9  # four times the rate doubles the noise of single rows


@dataclass(eq=False)
class _Stack:
    """Weights of M networks: first [D, M, H], second [M, H, C]."""

    first: Float[np.ndarray, "feature network hidden"]
    second: Float[np.ndarray, "network hidden class"]

    def hidden(self, x: Float[np.ndarray, "row feature"]) -> Float[np.ndarray, "network row hidden"]:
        """[M, b, H] activations of rows x [b, D]: one product for all networks."""
        d, m, h = self.first.shape
        return np.maximum((x @ self.first.reshape(d, m * h)).reshape(len(x), m, h).transpose(1, 0, 2), 0.0)

    def probabilities(self, hidden: Float[np.ndarray, "network row hidden"]) -> Float[np.ndarray, "network row class"]:
        """[M, b, C]."""
        z = hidden @ self.second
        weights = np.exp(z - z.max(axis=2, keepdims=True))
        return weights / weights.sum(axis=2, keepdims=True)

    def step(
        self,
        x: Float[np.ndarray, "row feature"],
        y: Float[np.ndarray, "row class"],
        counts: Float[np.ndarray, "network row"],
        speed: _Stack,
    ) -> None:
        """One step of momentum on rows x with one-hot labels y, each network counting the rows of counts [M, b]."""
        hidden = self.hidden(x)
        error = (self.probabilities(hidden) - y) * counts[:, :, None] / len(x)
        back = (error @ self.second.transpose(0, 2, 1)) * (hidden > 0)
        d, m, h = self.first.shape
        speed.first *= _MOMENTUM
        speed.first += (x.T @ back.transpose(1, 0, 2).reshape(len(x), m * h)).reshape(d, m, h)
        speed.second *= _MOMENTUM
        speed.second += hidden.transpose(0, 2, 1) @ error
        self.first -= _RATE * speed.first
        self.second -= _RATE * speed.second


def steps_of(game: RidgeGame) -> int:
    """How often `network_removals` advances."""
    return _EPOCHS * -(-len(game) // _BATCH)


def network_removals(
    game: RidgeGame, seed: int, progress: Progress, left_out: Integer[np.ndarray, " left_out"] | None = None
) -> Float64[np.ndarray, " left"]:
    """[n] v(all) - v(all but the row) of networks started from `seed`; or of some rows `left_out` (positions).

    v = 1 - mean squared error of the targets' probabilities. O(n^2) rows times weights for each epoch.
    """
    without = np.arange(len(game)) if left_out is None else left_out
    counts = np.ones((len(without) + 1, len(game)))
    counts[np.arange(len(without)), without] = 0.0
    rng = np.random.default_rng(seed)
    stack = _start(game, len(counts), rng)
    speed = _Stack(np.zeros_like(stack.first), np.zeros_like(stack.second))
    for _ in range(_EPOCHS):
        order = rng.permutation(len(game))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            stack.step(game.x[rows], game.y[rows], counts[:, rows], speed)
            progress.advance()
    errors = _target_errors(stack, game)
    return errors[:-1] - errors[-1]


def _start(game: RidgeGame, count: int, rng: np.random.Generator) -> _Stack:
    width, classes = game.x.shape[1], game.y.shape[1]
    first = rng.standard_normal((width, 1, _HIDDEN))  # inputs have mean squared length 1
    second = rng.standard_normal((1, _HIDDEN, classes)) / np.sqrt(_HIDDEN)
    return _Stack(np.repeat(first, count, axis=1), np.repeat(second, count, axis=0))


def _target_errors(stack: _Stack, game: RidgeGame) -> Float64[np.ndarray, " network"]:
    """[M] mean squared error over the targets, some targets at a time."""
    total = np.zeros(stack.second.shape[0])
    for start in range(0, len(game.targets), _BATCH):
        part = slice(start, start + _BATCH)
        probabilities = stack.probabilities(stack.hidden(game.targets[part]))
        total += ((probabilities - game.target_labels[part]) ** 2).sum(axis=(1, 2))
    return total / len(game.targets)
