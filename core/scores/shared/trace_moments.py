"""One streaming pass over a trace's logits: per-row mean and spread of a formula over epochs, for each seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Integer

from core.scores.method import ScoreInputs
from core.scores.shared.assumptions import fit_check
from core.scores.shared.epochs import Fit
from core.scores.shared.formulas import is_correct
from core.types.errors import CurationError, DataError
from core.types.examples import UNLABELED
from core.types.progress import Progress
from core.types.scores import AssumptionCheck
from core.types.signals import Signal

BLOCK_ROWS = 32_768  # 32,768 x 10 classes of float64 stay inside a second-level cache
Formula = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class TraceMoments:
    """mean, deviation [S, N] (population, over the epochs read); the networks' accuracy over the same epochs.

    training_accuracy: on the rows trained on. held_out_accuracy: on the held-out rows, None without any.
    """

    mean: Float[np.ndarray, "seed example"]
    deviation: Float[np.ndarray, "seed example"]
    training_accuracy: float
    held_out_accuracy: float | None


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of one epoch of one seed: float64 logits [b, C] and labels [b] (0 stands in for unlabeled)."""

    seed: int
    position: int
    rows: slice
    logits: Float[np.ndarray, "row class"]
    labels: Integer[np.ndarray, " row"]


def trace_blocks(inputs: ScoreInputs, positions: Sequence[int], progress: Progress, title: str) -> Iterator[Block]:
    """Every block of rows of the epochs at `positions`, seed by seed, epochs in order; may raise `Cancelled`."""
    logits, labels = inputs.trace.logits, np.maximum(inputs.labels, 0)
    _check_shapes(inputs)
    starts = range(0, logits.shape[2], BLOCK_ROWS)
    progress.stage(title, logits.shape[0] * len(positions) * len(starts))
    for seed in range(logits.shape[0]):
        for position in positions:
            for start in starts:
                rows = slice(start, min(start + BLOCK_ROWS, logits.shape[2]))
                values = np.asarray(logits[seed, position, rows], dtype=np.float64)
                _check_finite(inputs, values, seed, position, start)
                yield Block(seed, position, rows, values, labels[rows])
                progress.advance()


def moments_over_epochs(
    inputs: ScoreInputs, formula: Formula, positions: Sequence[int], progress: Progress, title: str
) -> TraceMoments:
    """Mean and population deviation of `formula` over the epochs at `positions`, per seed; unlabeled rows included.

    Welford's update: a formula that does not change over epochs has a deviation of exactly zero.
    """
    seeds, _, count, _ = inputs.trace.logits.shape
    mean, squares, hits = np.zeros((seeds, count)), np.zeros((seeds, count)), np.zeros(count)
    for block in trace_blocks(inputs, positions, progress, title):
        at = (block.seed, block.rows)
        step = formula(block.logits, block.labels) - mean[at]
        seen = list(positions).index(block.position) + 1
        mean[at] += step / seen
        squares[at] += step * (step - step / seen)
        hits[block.rows] += is_correct(block.logits, block.labels)
    hits /= seeds * len(positions)
    held_out = inputs.examples.held_out_rows
    trained = np.flatnonzero(inputs.trace.trained & (inputs.labels != UNLABELED))
    return TraceMoments(
        mean,
        np.sqrt(squares / len(positions)),
        float(hits[trained].mean()) if len(trained) else 0.0,
        float(hits[held_out].mean()) if len(held_out) else None,
    )


def final_fit(inputs: ScoreInputs) -> Fit:
    """Share of given labels that the last recorded epoch predicts, mean over seeds, trained on and held out.

    Raises `DataError` without a labeled training row.
    """
    trace, labels, held_out = inputs.trace, inputs.labels, inputs.examples.held_out_rows
    rows = np.flatnonzero(trace.trained & (labels != UNLABELED))
    if len(rows) == 0:
        raise DataError(
            "No labeled training row is left, so nothing shows how well the networks fit.",
            "Check the label and split columns.",
        )
    right = np.mean([np.asarray(one).argmax(axis=-1) == labels for one in trace.logits[:, -1]], axis=0)
    return Fit(float(right[rows].mean()), float(right[held_out].mean()) if len(held_out) else None)


def network_fit(inputs: ScoreInputs) -> tuple[AssumptionCheck, ...]:
    """How well the networks fit at the end, for a score that reads no logits; nothing where none were kept."""
    trace = inputs.evidence.trace
    if trace is None or not (trace.trained & (inputs.labels != UNLABELED)).any():
        return ()
    return (fit_check(final_fit(replace(inputs, needs=(*inputs.needs, Signal.LOGITS))).training, inputs.labels),)


def require_two_classes(inputs: ScoreInputs, name: str) -> None:
    """Raise `DataError` when the outputs have one column: there is no other class to compare with."""
    if inputs.trace.logits.shape[-1] < 2:
        raise DataError(
            f"{name} compares two classes, and the outputs have only one.", "Give data with two or more classes."
        )


def _check_shapes(inputs: ScoreInputs) -> None:
    count, classes = inputs.trace.logits.shape[2:]
    if count != len(inputs.labels):
        raise DataError(f"The logits have {count} rows, the table {len(inputs.labels)}.", "Record one row per example.")
    highest = int(inputs.labels.max(initial=-1))
    if highest >= classes:
        raise DataError(
            f"Label number {highest} has no logit: the outputs have {classes} columns (0 to {classes - 1}).",
            "Give outputs with one column per class, in the order of the class names.",
        )


def _check_finite(
    inputs: ScoreInputs, values: Float[np.ndarray, "row class"], seed: int, position: int, start: int
) -> None:
    if np.isfinite(values).all():
        return
    row = start + int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
    trace = inputs.trace
    raise CurationError(
        f"The logits of row {row} (id {inputs.examples.ids[row]}) are not finite at epoch "
        f"{trace.epochs[position]}, seed {trace.seeds[seed]}.",
        "Look at that row's input, or lower the learning rate if training diverged.",
    )
