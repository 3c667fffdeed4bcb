"""The last layer as a convex problem: products with its exact Hessian, and each row's leverage.

Parameters are V [D, C]: D features (a column of ones last when there is a bias), C classes. The Hessian of the mean
cross-entropy is mean_i (diag(p_i) - p_i p_i') (x) x_i x_i', plus a ridge on the diagonal. Everything is float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float, Float64

from core.types.progress import Progress, track

DENSE_PARAMETERS = 3_000  # above, the dense Hessian and its inverse take too long: 72 MB and some seconds
_BLOCK_CELLS = 1_000_000  # of the C x C blocks held at a time: 8 MB


@dataclass(frozen=True, eq=False)
class SoftmaxRows:
    """Rows of a softmax regression: features [n, D], probabilities [n, C], and the ridge of each feature [D]."""

    features: Float[np.ndarray, "row feature"]
    probabilities: Float[np.ndarray, "row class"]
    ridge: Float[np.ndarray, " feature"]

    @property
    def parameters(self) -> int:
        """D C."""
        return self.features.shape[1] * self.probabilities.shape[1]


class Solver(Protocol):
    """Products with the inverse Hessian: of a gradient, of each row's own gradient, and between a row's classes."""

    name: str
    error: float  # relative residual of the last solve
    approximate: bool  # by design: its residual is a measure of the approximation, not of convergence

    def solve(self, gradient: Float[np.ndarray, "feature class"]) -> Float[np.ndarray, "feature class"]:
        """H^-1 gradient, both [D, C]."""

    def leverage_blocks(self, part: slice) -> Float[np.ndarray, "row class class"]:
        """[b, C, C]: x_i' H^-1 x_i between each pair of classes, for some of the rows."""

    def self_influence(
        self, features: Float[np.ndarray, "row feature"], deltas: Float[np.ndarray, "row class"]
    ) -> Float[np.ndarray, " row"]:
        """[b] g_i' H^-1 g_i of the gradients x_i (x) delta_i; features [b, D], deltas [b, C]."""


def mean_curvature(rows: SoftmaxRows) -> float:
    """Mean eigenvalue of the Hessian without its ridge: trace / (D C)."""
    p = rows.probabilities
    spread = (p * (1.0 - p)).sum(axis=1)
    return float((spread * (rows.features**2).sum(axis=1)).mean() / rows.parameters)


def hessian_product(
    rows: SoftmaxRows, direction: Float[np.ndarray, "feature class"]
) -> Float64[np.ndarray, "feature class"]:
    """H V for V [D, C], without forming H."""
    logits = rows.features @ direction
    p = rows.probabilities
    gradient = p * (logits - (p * logits).sum(axis=1, keepdims=True))
    return rows.features.T @ gradient / len(p) + rows.ridge[:, None] * direction


def relative_residual(
    rows: SoftmaxRows, solution: Float[np.ndarray, "feature class"], gradient: Float[np.ndarray, "feature class"]
) -> float:
    """||H solution - gradient|| / ||gradient||."""
    residual = np.linalg.norm(hessian_product(rows, solution) - gradient)
    return float(residual / max(np.linalg.norm(gradient), np.finfo(float).tiny))


def leverage(
    probabilities: Float[np.ndarray, "row class"], blocks: Float[np.ndarray, "row class class"], n: int
) -> Float64[np.ndarray, " row"]:
    """[b] trace of (diag(p) - p p') B_i / n for n training rows: the multiclass p (1 - p) x'H^-1 x / n."""
    p = probabilities
    diagonal = np.einsum("nc,ncc->n", p, blocks)
    return (diagonal - np.einsum("nc,nce,ne->n", p, blocks, p)) / n


def leave_out_residuals(
    probabilities: Float[np.ndarray, "row class"],
    deltas: Float[np.ndarray, "row class"],
    blocks: Float[np.ndarray, "row class class"],
    n: int,
) -> Float64[np.ndarray, "row class"]:
    """[b, C] (I - M_i B_i / n)^-1 delta_i with M_i = diag(p) - p p': the residual as if the row had been left out.

    For two classes this is delta / (1 - leverage). It turns the first-order effect into that of a full Newton step.
    """
    p = probabilities
    coupling = p[:, :, None] * (blocks - np.einsum("nc,nce->ne", p, blocks)[:, None, :])
    return np.linalg.solve(np.eye(p.shape[1]) - coupling / n, deltas[:, :, None])[:, :, 0]


def corrected_residuals(
    solver: Solver, rows: SoftmaxRows, deltas: Float[np.ndarray, "row class"], progress: Progress
) -> tuple[Float64[np.ndarray, "row class"], float]:
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
