"""Which training examples helped or harmed one prediction: last-layer TracIn over the kept checkpoints, in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import softmax

from core.types.attributions import ExampleInfluence
from core.types.errors import RunError
from core.types.evidence import CheckpointEvidence

BLOCK = 65_536  # rows at a time: their features in float64 are 64 MB at a width of 128


def influential_examples(
    row: int,
    label: int,
    ids: np.ndarray,
    labels: np.ndarray,
    train_rows: np.ndarray,
    checkpoints: Sequence[CheckpointEvidence],
    k: int = 5,
) -> tuple[ExampleInfluence, ExampleInfluence]:
    """(helpful, harmful): the k training examples whose gradient steps lowered, and raised, the loss of `row` most.

    label: the class whose loss is meant. labels [N]; train_rows: rows trained on (the row itself is left out).
    values: in units of loss, signed: positive = helped. Raises `RunError` when no checkpoint has features.
    """
    others = train_rows[train_rows != row]
    values = tracin(row, label, labels, others, checkpoints)
    order = np.argsort(-values, kind="stable")
    count = len(checkpoints)
    notes = (f"Last layer, {count} {'checkpoint' if count == 1 else 'checkpoints'}.",)
    helpful_harmful = []
    for chosen in (order[values[order] > 0][:k], order[::-1][values[order[::-1]] < 0][:k]):
        rows = others[chosen]
        helpful_harmful.append(ExampleInfluence(tuple(str(ids[r]) for r in rows), rows, values[chosen], notes=notes))
    return helpful_harmful[0], helpful_harmful[1]


def tracin(
    row: int, label: int, labels: np.ndarray, rows: np.ndarray, checkpoints: Sequence[CheckpointEvidence]
) -> np.ndarray:
    """float64 [len(rows)]: sum over checkpoints of lr <last-layer gradients of `row` and of each row>, mean over seeds.

    The gradient of the weights is delta h' and of the bias delta, so the product is (delta.delta')(h.h' + 1).
    TracIn, Pruthi et al. 2020. Rows with a large gradient dominate. Raises `RunError` when no checkpoint has features.
    """
    usable = [c for c in checkpoints if c.features is not None]
    if not usable:
        raise RunError(
            "This run kept no features of its checkpoints.",
            "Score it again with a score that needs features at kept checkpoints.",
        )
    total = np.zeros(len(rows))
    for evidence in usable:
        total += evidence.checkpoint.learning_rate * _products(evidence, row, label, labels, rows)
    return total / len({c.checkpoint.seed for c in usable})


def _products(evidence: CheckpointEvidence, row: int, label: int, labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    assert evidence.features is not None  # noqa: S101 - chosen so by the caller
    delta = _residual(np.asarray(evidence.logits[row : row + 1]), np.array([label]))[0]
    features = np.asarray(evidence.features[row], dtype=np.float64)
    out = np.empty(len(rows))
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        residual = _residual(np.asarray(evidence.logits[block]), labels[block])
        similarity = np.asarray(evidence.features[block], dtype=np.float64) @ features
        out[start : start + BLOCK] = (residual @ delta) * (similarity + evidence.has_bias)
    return out


def _residual(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float64 [n, C] softmax minus one-hot label: the loss gradient at the logits."""
    residual = softmax(logits.astype(np.float64), axis=1)
    residual[np.arange(len(labels)), labels] -= 1
    return residual
