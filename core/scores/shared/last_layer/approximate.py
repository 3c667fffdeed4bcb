"""Solvers that approximate the inverse Hessian without iterating towards it; `error` says how far off they are.

Their leverage is EK-FAC's, which each of them holds.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

from core.scores.shared.last_layer.ekfac import EKFACSolver
from core.scores.shared.last_layer.problem import SoftmaxRows, hessian_product, mean_curvature, relative_residual
from core.types.progress import Progress

ARNOLDI_STEPS = 200  # directions: products with H, each orthogonalized against all before
_BLOCK_CELLS = 2_000_000  # of a table held at a time: 16 MB


class ArnoldiSolver:
    """Eigenpairs of H on a Krylov space from a fixed random start; the rest of the space counts at its mean curvature.

    A breakdown (repeated eigenvalues) goes on from a fresh direction, so as many steps as parameters are exact.
    Leaving out what lies outside, as published, loses the directions of low curvature, which weigh most in the inverse.
    Leverage is EK-FAC's. Schioppa et al., AAAI 2022.
    """

    name = "Arnoldi"
    approximate = True

    def __init__(self, rows: SoftmaxRows, progress: Progress, steps: int = ARNOLDI_STEPS):
        self.rows, self.error = rows, 1.0
        self.leverage_blocks = EKFACSolver(rows, progress).leverage_blocks
        width = rows.parameters
        basis, projected = _krylov(rows, min(steps, width), progress)
        self.curvatures, turn = np.linalg.eigh(projected)
        self.vectors = basis @ turn
        total = mean_curvature(rows) * width + rows.probabilities.shape[1] * float(rows.ridge.sum())
        outside = max(1, width - basis.shape[1])
        # Positive by theory; rounding may say otherwise where nothing is left.
        self.rest = max((total - float(self.curvatures.sum())) / outside, float(rows.ridge.min()))

    def solve(self, gradient: Float[np.ndarray, "feature class"]) -> Float64[np.ndarray, "feature class"]:
        """About H^-1 gradient, both [D, C]; exact when the space is full."""
        flat = gradient.ravel()
        inside = self.vectors.T @ flat
        solution = self.vectors @ (inside / self.curvatures) + (flat - self.vectors @ inside) / self.rest
        solution = solution.reshape(gradient.shape)
        self.error = relative_residual(self.rows, solution, gradient)
        return solution

    def self_influence(
        self, features: Float[np.ndarray, "row feature"], deltas: Float[np.ndarray, "row class"]
    ) -> Float64[np.ndarray, " row"]:
        """[b] about g_i' H^-1 g_i of the gradients x_i (x) delta_i; features [b, D], deltas [b, C]."""
        out, classes = np.empty(len(features)), deltas.shape[1]
        count = self.vectors.shape[1]
        table = self.vectors.reshape(-1, classes * count)
        step = max(1, _BLOCK_CELLS // (classes * count))
        for start in range(0, len(out), step):
            x, d = features[start : start + step], deltas[start : start + step]
            inside = np.einsum("bcn,bc->bn", (x @ table).reshape(len(x), classes, count), d) ** 2
            outside = (x**2).sum(axis=1) * (d**2).sum(axis=1) - inside.sum(axis=1)
            out[start : start + step] = inside @ (1.0 / self.curvatures) + np.maximum(outside, 0.0) / self.rest
        return out


def _krylov(
    rows: SoftmaxRows, steps: int, progress: Progress
) -> tuple[Float64[np.ndarray, "parameter step"], Float64[np.ndarray, "step step"]]:
    """(orthonormal [P, steps], H projected on it [steps, steps]), orthogonalized twice against all before.

    By hand: scipy's eigsh gives converged eigenpairs and restarts, this the whole space of so many products, with
    progress, and goes on where an eigenvalue repeats.
    """
    shape = (rows.features.shape[1], rows.probabilities.shape[1])
    rng, basis = np.random.default_rng(0), np.zeros((rows.parameters, steps))
    projected, vector = np.zeros((steps, steps)), np.zeros(rows.parameters)
    progress.stage("Influence: Arnoldi", steps)
    for j in range(steps):
        if np.linalg.norm(vector) <= 1e-10 * max(1e-300, np.abs(projected).max()):
            vector = _orthogonalized(rng.standard_normal(rows.parameters), basis[:, :j])
        basis[:, j] = vector / np.linalg.norm(vector)
        vector = hessian_product(rows, basis[:, j].reshape(shape)).ravel()
        projected[: j + 1, j] = projected[j, : j + 1] = basis[:, : j + 1].T @ vector
        vector = _orthogonalized(vector, basis[:, : j + 1])
        progress.advance()
    return basis, projected


def _orthogonalized(
    vector: Float[np.ndarray, " parameter"], basis: Float[np.ndarray, "parameter step"]
) -> Float64[np.ndarray, " parameter"]:
    """`vector` [P] without its part in `basis` [P, m]; twice, as once leaves rounding of the size of what is left."""
    for _ in range(2):
        vector = vector - basis @ (basis.T @ vector)
    return vector


class DataInfSolver:
    """The mean over rows of the inverses of single-row curvatures: (1/n) sum_l (R + g_l g_l')^-1, R the ridge.

    No solve and no iteration; exact for one row, the error grows with n and the dimension (empirical Fisher, and the
    mean of inverses for the inverse of the mean). Leverage is EK-FAC's. Kwon et al., ICLR 2024.
    """

    name = "DataInf"
    approximate = True

    def __init__(self, rows: SoftmaxRows, deltas: Float[np.ndarray, "row class"], progress: Progress):
        self.rows, self.deltas, self.error = rows, deltas, 1.0
        self.leverage_blocks = EKFACSolver(rows, progress).leverage_blocks
        self.damped = rows.features / rows.ridge  # R^-1 x of each row
        self.sizes = 1.0 + (self.damped * rows.features).sum(axis=1) * (deltas**2).sum(axis=1)

    def solve(self, gradient: Float[np.ndarray, "feature class"]) -> Float64[np.ndarray, "feature class"]:
        """The mean of the single-row solutions, [D, C]."""
        products = ((self.damped @ gradient) * self.deltas).sum(axis=1) / self.sizes
        correction = self.damped.T @ (products[:, None] * self.deltas) / len(products)
        solution = gradient / self.rows.ridge[:, None] - correction
        self.error = relative_residual(self.rows, solution, gradient)
        return solution

    def self_influence(
        self, features: Float[np.ndarray, "row feature"], deltas: Float[np.ndarray, "row class"]
    ) -> Float64[np.ndarray, " row"]:
        """[b] the mean over rows of g_i' (R + g_l g_l')^-1 g_i; b n (D + C) operations."""
        alone = (features**2 @ (1.0 / self.rows.ridge)) * (deltas**2).sum(axis=1)
        out = np.empty(len(features))
        step = max(1, _BLOCK_CELLS // len(self.sizes))
        for start in range(0, len(out), step):
            part = slice(start, start + step)
            products = (features[part] @ self.damped.T) * (deltas[part] @ self.deltas.T)
            out[part] = alone[part] - (products**2 / self.sizes).mean(axis=1)
        return out
