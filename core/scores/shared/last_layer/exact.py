"""The exact inverse of the last layer's Hessian, dense."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

from core.scores.shared.last_layer.problem import SoftmaxRows, relative_residual
from core.types.errors import CurationError
from core.types.progress import Progress


class DenseSolver:
    """The exact inverse, for D C up to about 3,000."""

    name = "exact"
    approximate = False

    def __init__(self, rows: SoftmaxRows, progress: Progress):
        self.rows = rows
        self.inverse = _inverse(dense_hessian(rows, progress))
        self.error = 0.0

    def solve(self, gradient: Float[np.ndarray, "feature class"]) -> Float64[np.ndarray, "feature class"]:
        """H^-1 gradient, both [D, C]."""
        classes = gradient.shape[1]
        solution = (self.inverse @ gradient.T.ravel()).reshape(classes, -1).T
        self.error = relative_residual(self.rows, solution, gradient)
        return solution

    def self_influence(
        self, features: Float[np.ndarray, "row feature"], deltas: Float[np.ndarray, "row class"]
    ) -> Float64[np.ndarray, " row"]:
        """[b] g_i' H^-1 g_i of the gradients x_i (x) delta_i; features [b, D], deltas [b, C]."""
        gradients = (deltas[:, :, None] * features[:, None, :]).reshape(len(features), -1)
        return ((gradients @ self.inverse) * gradients).sum(axis=1)

    def leverage_blocks(self, part: slice) -> Float64[np.ndarray, "row class class"]:
        """[b, C, C]: x_i' H^-1 x_i between each pair of classes, for some of the rows."""
        x, classes = self.rows.features[part], self.rows.probabilities.shape[1]
        width, blocks = x.shape[1], np.empty((len(x), classes, classes))
        inverse = self.inverse.reshape(classes, width, classes, width)
        for c in range(classes):
            for other in range(c, classes):
                blocks[:, c, other] = np.einsum("nd,nd->n", x @ inverse[c, :, other], x)
                blocks[:, other, c] = blocks[:, c, other]
        return blocks


def dense_hessian(rows: SoftmaxRows, progress: Progress) -> Float64[np.ndarray, "parameter parameter"]:
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


def _inverse(hessian: Float[np.ndarray, "parameter parameter"]) -> Float64[np.ndarray, "parameter parameter"]:
    from scipy.linalg import cho_factor, cho_solve

    try:
        return cho_solve(cho_factor(hessian, lower=True), np.eye(len(hessian)))
    except np.linalg.LinAlgError:
        raise CurationError("The curvature of the last layer is singular.", "Choose a damping above 0.") from None
