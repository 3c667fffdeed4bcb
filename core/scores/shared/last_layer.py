"""The last layer as a convex problem: its exact Hessian, how to solve with it, and each row's leverage.

Parameters are V [D, C]: D features (a column of ones last when there is a bias), C classes. The Hessian of the mean
cross-entropy is mean_i (diag(p_i) - p_i p_i') (x) x_i x_i', plus a ridge on the diagonal. Everything is float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.types.errors import CurationError
from core.types.progress import Progress, track

DENSE_PARAMETERS = 3_000  # above, the dense Hessian and its inverse take too long
_BLOCK_CELLS = 1_000_000  # of the C x C blocks held at a time: 8 MB


@dataclass(frozen=True, eq=False)
class SoftmaxRows:
    """Rows of a softmax regression: features [n, D], probabilities [n, C], and the ridge of each feature [D]."""

    features: np.ndarray
    probabilities: np.ndarray
    ridge: np.ndarray

    @property
    def parameters(self) -> int:
        """D C."""
        return self.features.shape[1] * self.probabilities.shape[1]


class Solver(Protocol):
    """Solves with the Hessian, and knows how much each row holds on to its own label."""

    name: str
    error: float  # relative residual of the last solve
    approximate: bool  # by design: its residual is a measure of the approximation, not of convergence

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """H^-1 gradient, both [D, C]."""

    def leverage_blocks(self, part: slice) -> np.ndarray:
        """[b, C, C]: x_i' H^-1 x_i between each pair of classes, for some of the rows."""

    def self_influence(self, features: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """[b] g_i' H^-1 g_i of the gradients x_i (x) delta_i; features [b, D], deltas [b, C]."""


def mean_curvature(rows: SoftmaxRows) -> float:
    """Mean eigenvalue of the Hessian without its ridge: trace / (D C)."""
    p = rows.probabilities
    spread = (p * (1.0 - p)).sum(axis=1)
    return float((spread * (rows.features**2).sum(axis=1)).mean() / rows.parameters)


def hessian_product(rows: SoftmaxRows, direction: np.ndarray) -> np.ndarray:
    """H V for V [D, C], without forming H."""
    change = rows.features @ direction
    p = rows.probabilities
    weighted = p * (change - (p * change).sum(axis=1, keepdims=True))
    return rows.features.T @ weighted / len(p) + rows.ridge[:, None] * direction


def relative_residual(rows: SoftmaxRows, solution: np.ndarray, gradient: np.ndarray) -> float:
    """||H solution - gradient|| / ||gradient||."""
    gap = np.linalg.norm(hessian_product(rows, solution) - gradient)
    return float(gap / max(np.linalg.norm(gradient), np.finfo(float).tiny))


class DenseSolver:
    """The exact inverse, for D C up to about 3,000."""

    name = "exact"
    approximate = False

    def __init__(self, rows: SoftmaxRows, progress: Progress):
        self.rows = rows
        self.inverse = _inverse(dense_hessian(rows, progress))
        self.error = 0.0

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """H^-1 gradient, both [D, C]."""
        classes = gradient.shape[1]
        solution = (self.inverse @ gradient.T.ravel()).reshape(classes, -1).T
        self.error = relative_residual(self.rows, solution, gradient)
        return solution

    def self_influence(self, features: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """[b] g_i' H^-1 g_i of the gradients x_i (x) delta_i; features [b, D], deltas [b, C]."""
        gradients = (deltas[:, :, None] * features[:, None, :]).reshape(len(features), -1)
        return ((gradients @ self.inverse) * gradients).sum(axis=1)

    def leverage_blocks(self, part: slice) -> np.ndarray:
        """[b, C, C]: x_i' H^-1 x_i between each pair of classes, for some of the rows."""
        x, classes = self.rows.features[part], self.rows.probabilities.shape[1]
        width, blocks = x.shape[1], np.empty((len(x), classes, classes))
        inverse = self.inverse.reshape(classes, width, classes, width)
        for c in range(classes):
            for other in range(c, classes):
                blocks[:, c, other] = np.einsum("nd,nd->n", x @ inverse[c, :, other], x)
                blocks[:, other, c] = blocks[:, c, other]
        return blocks


def dense_hessian(rows: SoftmaxRows, progress: Progress) -> np.ndarray:
    """[C D, C D], class by class: parameter (c, d) is at c D + d."""
    x, p = rows.features, rows.probabilities
    (n, width), classes = x.shape, p.shape[1]
    hessian = np.zeros((classes, width, classes, width))
    progress.stage("Influence: Hessian", classes)
    for c in range(classes):
        for other in range(c, classes):
            weight = p[:, c] * ((c == other) - p[:, other])
            block = x.T @ (weight[:, None] * x) / n
            hessian[c, :, other] = block
            hessian[other, :, c] = block.T
        hessian[c, :, c] += np.diag(rows.ridge)
        progress.advance()
    return hessian.reshape(classes * width, classes * width)


def _inverse(hessian: np.ndarray) -> np.ndarray:
    from scipy.linalg import cho_factor, cho_solve

    try:
        return cho_solve(cho_factor(hessian, lower=True), np.eye(len(hessian)))
    except np.linalg.LinAlgError:
        raise CurationError("The curvature of the last layer is singular.", "Choose a damping above 0.") from None


class EKFACSolver:
    """EK-FAC: the Kronecker eigenbasis of the layer with corrected eigenvalues; one product, no iteration.

    The labels of the Fisher are not sampled: their expectation under the model is in closed form. Exact when features
    and probabilities are independent. Leverage is scaled back where it would reach one. Grosse et al. 2023.
    """

    name = "EK-FAC"
    approximate = True

    def __init__(self, rows: SoftmaxRows, progress: Progress):
        self.rows, self.progress, self.error = rows, progress, 1.0
        x, p = rows.features, rows.probabilities
        progress.stage("Influence: eigenbasis", 1)
        self.feature_basis = np.linalg.eigh(x.T @ x / len(x))[1]
        self.class_basis = np.linalg.eigh(np.diag(p.mean(axis=0)) - p.T @ p / len(p))[1]
        self.squares = (x @ self.feature_basis) ** 2
        spread = p @ self.class_basis**2 - (p @ self.class_basis) ** 2
        ridge = (self.feature_basis**2).T @ rows.ridge
        self.eigenvalues = self.squares.T @ spread / len(x) + ridge[:, None]
        progress.advance()

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """About H^-1 gradient, both [D, C]; `error` says how far off."""
        solution = self._precondition(gradient)
        self.error = relative_residual(self.rows, solution, gradient)
        return solution

    def self_influence(self, features: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """[b] about g_i' H^-1 g_i of the gradients x_i (x) delta_i; features [b, D], deltas [b, C]."""
        turned, residuals = (features @ self.feature_basis) ** 2, (deltas @ self.class_basis) ** 2
        return ((turned @ (1.0 / self.eigenvalues)) * residuals).sum(axis=1)

    def leverage_blocks(self, part: slice) -> np.ndarray:
        """[b, C, C]: x_i' H^-1 x_i between each pair of classes, from the corrected Kronecker eigenvalues."""
        diagonal = self.squares[part] @ (1.0 / self.eigenvalues)
        blocks = np.einsum("ck,nk,ek->nce", self.class_basis, diagonal, self.class_basis, optimize=True)
        total = leverage(self.rows.probabilities[part], blocks, len(self.squares))
        return blocks * np.minimum(1.0, 0.9 / np.maximum(total, np.finfo(float).tiny))[:, None, None]

    def _precondition(self, v: np.ndarray) -> np.ndarray:
        turned = self.feature_basis.T @ v @ self.class_basis
        return self.feature_basis @ (turned / self.eigenvalues) @ self.class_basis.T


class ConjugateGradientSolver(EKFACSolver):
    """Conjugate gradients on exact products, preconditioned by EK-FAC, which also gives an approximate leverage."""

    name = "conjugate gradients"
    approximate = False

    def __init__(self, rows: SoftmaxRows, progress: Progress, tolerance: float = 1e-8, steps: int = 500):
        super().__init__(rows, progress)
        self.tolerance, self.steps = tolerance, steps

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """H^-1 gradient, both [D, C]; raises `CurationError` when it does not converge."""
        self.progress.stage("Influence: conjugate gradients", self.steps)
        solution, left = np.zeros_like(gradient), gradient.copy()
        scale = max(float(np.linalg.norm(gradient)), np.finfo(float).tiny)
        step = self._precondition(left)
        size = float((left * step).sum())
        for _ in range(self.steps):
            self.error = float(np.linalg.norm(left)) / scale
            if self.error <= self.tolerance:
                return solution
            bent = hessian_product(self.rows, step)
            rate = size / float((step * bent).sum())
            solution, left = solution + rate * step, left - rate * bent
            ahead = self._precondition(left)
            size, before = float((left * ahead).sum()), size
            step = ahead + size / before * step
            self.progress.advance()
        raise CurationError(
            f"The influence solver stopped at a relative residual of {self.error:.1e} after {self.steps} steps.",
            "Choose a larger damping.",
        )


def leverage(probabilities: np.ndarray, blocks: np.ndarray, n: int) -> np.ndarray:
    """[b] trace of (diag(p) - p p') B_i / n for n training rows: the multiclass p (1 - p) x'H^-1 x / n."""
    p = probabilities
    diagonal = np.einsum("nc,ncc->n", p, blocks)
    return (diagonal - np.einsum("nc,nce,ne->n", p, blocks, p)) / n


def leave_out_residuals(probabilities: np.ndarray, deltas: np.ndarray, blocks: np.ndarray, n: int) -> np.ndarray:
    """[b, C] (I - M_i B_i / n)^-1 delta_i with M_i = diag(p) - p p': the residual as if the row had been left out.

    For two classes this is delta / (1 - leverage). It turns the first-order effect into that of a full Newton step.
    """
    p = probabilities
    pulled = p[:, :, None] * (blocks - np.einsum("nc,nce->ne", p, blocks)[:, None, :])
    return np.linalg.solve(np.eye(p.shape[1]) - pulled / n, deltas[:, :, None])[:, :, 0]


def corrected_residuals(
    solver: Solver, rows: SoftmaxRows, deltas: np.ndarray, progress: Progress
) -> tuple[np.ndarray, float]:
    """(`leave_out_residuals` of all rows [n, C], the largest leverage), a few rows at a time."""
    n, classes = deltas.shape
    step = max(1, _BLOCK_CELLS // classes**2)
    out, largest = np.empty_like(deltas), 0.0
    for start in track(progress, range(0, n, step), "Influence: leverage"):
        part = slice(start, start + step)
        p, blocks = rows.probabilities[part], solver.leverage_blocks(part)
        out[part] = leave_out_residuals(p, deltas[part], blocks, n)
        largest = max(largest, float(leverage(p, blocks, n).max()))
    return out, largest
