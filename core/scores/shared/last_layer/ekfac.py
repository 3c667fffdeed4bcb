"""EK-FAC of the last layer: a solver by itself, and what the iterative ones precondition with."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

from core.scores.shared.last_layer.problem import SoftmaxRows, leverage, relative_residual
from core.types.progress import Progress

_MOST_LEVERAGE = 0.9  # an approximate leverage may reach 1 or more, where 1 / (1 - leverage) means nothing


class EKFACSolver:
    """EK-FAC: the Kronecker eigenbasis of the layer with corrected eigenvalues; one product, no iteration.

    The labels of the Fisher are not sampled: their expectation under the model is in closed form. Exact when features
    and probabilities are independent. Leverage is scaled back where it would reach one. Grosse et al. 2023.
    """

    name = "EK-FAC"
    approximate = True

    def __init__(self, rows: SoftmaxRows, progress: Progress):
        self.rows, self.error = rows, 1.0
        x, p = rows.features, rows.probabilities
        progress.stage("Influence: eigenbasis", 1)
        self.feature_basis = np.linalg.eigh(x.T @ x / len(x))[1]
        self.class_basis = np.linalg.eigh(np.diag(p.mean(axis=0)) - p.T @ p / len(p))[1]
        self.squares = (x @ self.feature_basis) ** 2
        spread = p @ self.class_basis**2 - (p @ self.class_basis) ** 2
        ridge = (self.feature_basis**2).T @ rows.ridge
        self.eigenvalues = self.squares.T @ spread / len(x) + ridge[:, None]
        progress.advance()

    def solve(self, gradient: Float[np.ndarray, "feature class"]) -> Float64[np.ndarray, "feature class"]:
        """About H^-1 gradient, both [D, C]; `error` says how far off."""
        solution = self.precondition(gradient)
        self.error = relative_residual(self.rows, solution, gradient)
        return solution

    def self_influence(
        self, features: Float[np.ndarray, "row feature"], deltas: Float[np.ndarray, "row class"]
    ) -> Float64[np.ndarray, " row"]:
        """[b] about g_i' H^-1 g_i of the gradients x_i (x) delta_i; features [b, D], deltas [b, C]."""
        squares, residuals = (features @ self.feature_basis) ** 2, (deltas @ self.class_basis) ** 2
        return ((squares @ (1.0 / self.eigenvalues)) * residuals).sum(axis=1)

    def leverage_blocks(self, part: slice) -> Float64[np.ndarray, "row class class"]:
        """[b, C, C]: x_i' H^-1 x_i between each pair of classes, from the corrected Kronecker eigenvalues."""
        diagonal = self.squares[part] @ (1.0 / self.eigenvalues)
        blocks = np.einsum("ck,nk,ek->nce", self.class_basis, diagonal, self.class_basis, optimize=True)
        total = leverage(self.rows.probabilities[part], blocks, len(self.squares))
        return blocks * np.minimum(1.0, _MOST_LEVERAGE / np.maximum(total, np.finfo(float).tiny))[:, None, None]

    def precondition(self, v: Float[np.ndarray, "feature class"]) -> Float64[np.ndarray, "feature class"]:
        """About H^-1 v, both [D, C]."""
        rotated = self.feature_basis.T @ v @ self.class_basis
        return self.feature_basis @ (rotated / self.eigenvalues) @ self.class_basis.T
