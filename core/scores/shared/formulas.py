"""What logits [b, C] and given labels [b] say about each row: closed forms shared by several scores.

All take float64 logits and give float64 [b]; log-probabilities come from log-sum-exp, never from log(softmax).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64, Integer, Real
from scipy import special


def log_softmax(logits: Float[np.ndarray, "row class"]) -> Float[np.ndarray, "row class"]:
    """[b, C] log-probabilities, finite for any finite logits."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(logits: Float[np.ndarray, "row class"]) -> Float[np.ndarray, "row class"]:
    """[b, C] probabilities that sum to one."""
    return special.softmax(logits, axis=1)


def of_label(table: Real[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]) -> Real[np.ndarray, " row"]:
    """[b] the entry of each row of `table` [b, C] in its label's column."""
    return table[np.arange(len(labels)), labels]


def margin_over_rest(
    table: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float[np.ndarray, " row"]:
    """[b] the label's entry minus the largest other entry; needs two columns or more."""
    rest = table.copy()
    rest[np.arange(len(labels)), labels] = -np.inf
    return of_label(table, labels) - rest.max(axis=1)


def residual(
    logits: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float[np.ndarray, "row class"]:
    """[b, C] softmax minus one-hot label: the gradient of cross-entropy with respect to the logits."""
    delta = softmax(logits)
    delta[np.arange(len(labels)), labels] -= 1.0
    return delta


def error_norm(
    logits: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float[np.ndarray, " row"]:
    """[b] Euclidean norm of the residual, in [0, sqrt(2)]: EL2N."""
    return np.sqrt((residual(logits, labels) ** 2).sum(axis=1))


def cross_entropy(
    logits: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float[np.ndarray, " row"]:
    """[b] minus log of the label's probability, in [0, inf)."""
    return -of_label(log_softmax(logits), labels)


def probability_margin(
    logits: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float[np.ndarray, " row"]:
    """[b] p_y minus the largest other probability, in [-1, 1]."""
    return margin_over_rest(softmax(logits), labels)


def logit_margin(
    logits: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float[np.ndarray, " row"]:
    """[b] z_y minus the largest other logit."""
    return margin_over_rest(logits, labels)


def entropy(
    logits: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"] | None = None
) -> Float[np.ndarray, " row"]:
    """[b] -sum p log p in nats, in [0, log C]; labels play no part."""
    log_p = log_softmax(logits)
    return -(np.exp(log_p) * log_p).sum(axis=1)


def label_probability(
    logits: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float[np.ndarray, " row"]:
    """[b] p_y in [0, 1]."""
    return np.exp(of_label(log_softmax(logits), labels))


def is_correct(
    logits: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float64[np.ndarray, " row"]:
    """[b] 1.0 where the largest logit is the label's (the first of equals counts as the prediction), else 0.0."""
    return (logits.argmax(axis=1) == labels).astype(np.float64)


def doubt(
    logits: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"] | None = None
) -> Float[np.ndarray, " row"]:
    """[b] 1 - max p in [0, 1 - 1/C], summed from the other probabilities so that it does not round to 0."""
    p = softmax(logits)
    p[np.arange(len(p)), p.argmax(axis=1)] = 0.0
    return p.sum(axis=1)
