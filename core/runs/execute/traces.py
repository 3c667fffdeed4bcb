"""Small arrays that people look at, taken from the evidence: predictions and training curves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import softmax

from core.numerics.trends import rising_class
from core.types.errors import DataError
from core.types.evidence import Evidence
from core.types.examples import UNLABELED, ExampleTable
from core.types.trace import TrainingTrace

_BLOCK = 65_536  # rows of logits turned into probabilities at a time


def trace_of(logits: np.ndarray | None, examples: ExampleTable, rates: tuple[float, ...] = ()) -> TrainingTrace | None:
    """A trace around logits [S, T, N, C] recorded elsewhere; None without any. rates: [T], alike unless given.

    Raises `DataError` for another number of rows than the examples have.
    """
    if logits is None:
        return None
    seeds, epochs, rows, _ = logits.shape
    if rows != len(examples):
        raise DataError(f"The logits have {rows} rows, the dataset has {len(examples)}.", "Give one row per example.")
    trained = np.zeros(rows, bool)
    trained[examples.train_rows] = True
    return TrainingTrace(logits, tuple(range(seeds)), tuple(range(1, epochs + 1)), rates or (1.0,) * epochs, trained)


def _probabilities(logits: np.ndarray) -> np.ndarray:
    """float64 probabilities over the last axis."""
    return softmax(np.asarray(logits, np.float64), axis=-1)


def predictions(evidence: Evidence) -> dict[str, np.ndarray]:
    """`predicted`, `predicted_prob` (last epoch, mean over seeds), `out_of_fold_pred`, `out_of_fold_prob`, if any."""
    arrays: dict[str, np.ndarray] = {}
    bad = evidence.not_finite
    if evidence.trace is not None:
        last = np.mean([_probabilities(evidence.trace.logits[s, -1]) for s in range(len(evidence.trace.seeds))], axis=0)
        arrays |= _named("predicted", "predicted_prob", last, bad)
    if evidence.out_of_fold is not None:
        arrays |= _named("out_of_fold_pred", "out_of_fold_prob", evidence.out_of_fold, bad)
    return arrays


def _named(label: str, probability: str, probabilities: np.ndarray, bad: np.ndarray | None) -> dict[str, np.ndarray]:
    known = np.isfinite(probabilities).all(-1) if bad is None else ~bad
    best = np.where(known, np.nan_to_num(probabilities).argmax(-1), -1)
    return {
        label: best.astype(np.int32),
        probability: np.nanmax(np.where(known[:, None], probabilities, -np.inf), -1, initial=0.0).astype(np.float32),
    }


def curves(trace: TrainingTrace, labels: np.ndarray, bad: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """`curves_p` [S, T, N] float16, probability of the given label (NaN without one), and `curves_pred` [S, T, N].

    Beside them `rising_class` [N] int32, the class other than the label that rose over the epochs (-1: none did).
    bad: [N], rows without finite outputs; NaN, and the number of classes as the predicted one.
    """
    shape = trace.logits.shape[:3]
    probability = np.empty(shape, np.float16)
    classes = trace.logits.shape[3]
    predicted = np.empty(shape, np.int16 if classes > 256 else np.uint8)
    for s, t, rows in _slices(shape):
        probabilities = _probabilities(trace.logits[s, t, rows])
        codes = labels[rows]
        of_label = np.take_along_axis(probabilities, np.maximum(codes, 0)[:, None], 1)[:, 0]
        probability[s, t, rows] = np.where(codes == UNLABELED, np.nan, of_label)
        predicted[s, t, rows] = probabilities.argmax(-1)
    if bad is not None:
        probability[:, :, bad], predicted[:, :, bad] = np.nan, min(classes, np.iinfo(predicted.dtype).max)
    return {
        "curves_p": probability,
        "curves_pred": predicted,
        "curves_epochs": np.asarray(trace.epochs, np.int32),
        "rising_class": rising_class(trace.logits, labels),
    }


def _slices(shape: tuple[int, ...]) -> Iterator[tuple[int, int, slice]]:
    for s in range(shape[0]):
        for t in range(shape[1]):
            for start in range(0, shape[2], _BLOCK):
                yield s, t, slice(start, start + _BLOCK)
