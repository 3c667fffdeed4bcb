"""Softmax regression solved to machine precision by Newton's method: what leave-one-out retraining is measured with."""

import numpy as np


def probabilities(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    z = x @ weights
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return z / z.sum(axis=1, keepdims=True)


def mean_loss(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    return float(-np.log(probabilities(x, weights)[np.arange(len(y)), y]).mean())


def fit(
    x: np.ndarray, y: np.ndarray, classes: int, ridge: float, *, n: int | None = None, start: np.ndarray | None = None
) -> np.ndarray:
    """[D, C] minimizer of (1/n) sum of losses + ridge/2 ||W||^2; n stays when a row is left out."""
    n = n or len(x)
    weights = np.zeros((x.shape[1], classes)) if start is None else start.copy()
    targets = np.eye(classes)[y]
    for _ in range(50):
        p = probabilities(x, weights)
        gradient = x.T @ (p - targets) / n + ridge * weights
        if np.abs(gradient).max() < 1e-12:
            return weights
        weights = weights - np.linalg.solve(hessian(x, p, ridge, n), gradient.ravel()).reshape(weights.shape)
    raise AssertionError("Newton's method did not converge")


def hessian(x: np.ndarray, p: np.ndarray, ridge: float, n: int) -> np.ndarray:
    """[D C, D C] in one sum over rows, parameter (d, c) at d C + c."""
    width = x.shape[1] * p.shape[1]
    curvature = p[:, :, None] * np.eye(p.shape[1]) - p[:, :, None] * p[:, None, :]
    outer = np.einsum("nce,nd->dnce", curvature, x).reshape(x.shape[1], len(x), -1)
    total = np.einsum("dnk,nf->dfk", outer, x, optimize=True).reshape(x.shape[1], x.shape[1], p.shape[1], p.shape[1])
    return total.transpose(0, 2, 1, 3).reshape(width, width) / n + ridge * np.eye(width)


def leave_one_out(x, y, targets, target_labels, classes, ridge) -> np.ndarray:
    """[N] rise of the targets' mean loss when each row is removed and the model refitted exactly."""
    whole = fit(x, y, classes, ridge)
    before = mean_loss(targets, target_labels, whole)
    out = np.empty(len(x))
    for i in range(len(x)):
        kept = np.arange(len(x)) != i
        out[i] = (
            mean_loss(targets, target_labels, fit(x[kept], y[kept], classes, ridge, n=len(x), start=whole)) - before
        )
    return out
