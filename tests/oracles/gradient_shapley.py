"""One epoch of gradient descent a row at a time, every target looked at after every step: slow and obvious."""

from math import exp, log

import numpy as np


def gains_by_loop(x, y, targets, wanted, classes, order, rate, kind) -> np.ndarray:
    """[n] what the held-out fit gains at each row's own step, for one order of the rows."""
    weights = np.zeros((classes, x.shape[1]))
    gains = np.zeros(len(x))
    before = fit(weights, targets, wanted, kind)
    for i in order:
        p = probabilities(weights @ x[i])
        for c in range(classes):
            weights[c] -= rate * (p[c] - (c == y[i])) * x[i]
        after = fit(weights, targets, wanted, kind)
        gains[i] = after - before
        before = after
    return gains


def fit(weights, targets, wanted, kind) -> float:
    """Mean log-likelihood of the targets' labels, or the share of targets whose label is on top."""
    total = 0.0
    for point, label in zip(targets, wanted, strict=True):
        p = probabilities(weights @ point)
        total += log(p[label]) if kind == "log_likelihood" else float(p[label] >= max(p))
    return total / len(targets)


def probabilities(logits):
    shares = [exp(z - max(logits)) for z in logits]
    return [s / sum(shares) for s in shares]
