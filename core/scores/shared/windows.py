"""Sliding windows over the recorded epochs: what several pruning scores read off the probability of the given label."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.scores.method import ScoreInputs
from core.scores.shared.assumptions import agreement_check, epochs_check, fit_check, skill
from core.scores.shared.formulas import label_probability
from core.scores.shared.trace_moments import Block, final_fit, trace_blocks
from core.types.errors import CurationError
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light

Reading = Callable[[Block], np.ndarray]


@dataclass(frozen=True, eq=False)
class Window:
    """values [J, N]: what was read at J epochs in a row of one seed; number: 0 for the first window of that seed."""

    seed: int
    number: int
    values: Float[np.ndarray, "epoch example"]


def after_training_began(inputs: ScoreInputs) -> list[int]:
    """Positions of the recorded epochs but epoch 0. Raises `CurationError` where there is no other."""
    positions = [i for i, epoch in enumerate(inputs.trace.epochs) if epoch > 0]
    if not positions:
        raise CurationError("Only epoch 0, before any training, was recorded.", "Train for one epoch or more.")
    return positions


def of_given_label(block: Block) -> Float[np.ndarray, " row"]:
    """Probability of the given label."""
    return label_probability(block.logits, block.labels)


def sliding_windows(
    inputs: ScoreInputs, read: Reading, positions: Sequence[int], length: int, progress: Progress, title: str
) -> Iterator[Window]:
    """Every window of `length` of the epochs at `positions`, seed by seed; one of all epochs where there are fewer.

    The array is used again for the next window. Memory: length x N numbers, however many epochs there are.
    """
    length = min(length, len(positions))
    size = len(inputs.labels)
    held, order = np.zeros((length, size)), {position: at for at, position in enumerate(positions)}
    for block in trace_blocks(inputs, positions, progress, title):
        at = order[block.position]
        held[:-1, block.rows] = held[1:, block.rows]
        held[-1, block.rows] = read(block)
        if block.rows.stop == size and at >= length - 1:
            yield Window(block.seed, at - length + 1, held)


def sample_deviation(values: Float[np.ndarray, "epoch example"]) -> Float[np.ndarray, " example"]:
    """[N] standard deviation over epochs with J - 1 in the denominator; exactly 0 for constant values and one epoch."""
    if len(values) < 2:
        return np.zeros(values.shape[1])
    away = values - values[0]  # constant values give zeros, not what a mean rounds to
    return away.std(axis=0, ddof=1)


def window_check(epochs: int, length: int) -> AssumptionCheck:
    """Are there enough epochs for one whole window?"""
    light = Light.GREEN if epochs > length else Light.AMBER
    text = f"{epochs} epoch{'s' * (epochs != 1)} read in windows of {min(length, epochs)}"
    return AssumptionCheck(light, f"{text}; {length} in each and more epochs than that are advised.", "windows")


def end_of_training(
    inputs: ScoreInputs, per_seed: Float[np.ndarray, "seed example"], count: int
) -> tuple[tuple[AssumptionCheck, ...], float]:
    """The lights of a score over `count` epochs, and the skill of the networks at their last epoch."""
    end = final_fit(inputs)
    checks = (epochs_check(count), fit_check(end.training, inputs.labels), agreement_check(per_seed))
    return checks, skill(end.training if end.held_out is None else end.held_out, inputs.labels)
