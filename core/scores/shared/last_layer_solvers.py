"""More ways to solve with the last layer's Hessian, all at the same effective damping: the ridge of `SoftmaxRows`.

LiSSA's own damping acts as scale x damping; here it is part of H, so every solver answers the same question.
"""

from __future__ import annotations

import numpy as np

from core.scores.shared.last_layer import (
    DENSE_PARAMETERS,
    ConjugateGradientSolver,
    DenseSolver,
    EKFACSolver,
    SoftmaxRows,
    Solver,
    hessian_product,
    mean_curvature,
    relative_residual,
)
from core.types.errors import CurationError
from core.types.progress import Progress

SOLVERS = ("exact", "cg", "lissa", "arnoldi", "datainf", "ekfac")
_LISSA_STEPS, _ARNOLDI_STEPS, _CG_STEPS = 10_000, 200, 500
_BLOCK_CELLS = 2_000_000  # of a table held at a time: 16 MB


def build_solver(rows: SoftmaxRows, deltas: np.ndarray, asked: str, steps: int, progress: Progress) -> Solver:
    """The solver of that name, one of SOLVERS; auto: exact up to 3,000 parameters, then conjugate gradients.

    deltas [n, C]: residuals of `rows` at their given labels, read by DataInf. steps: 0 is each solver's own limit.
    """
    if asked == "exact" or (asked == "auto" and rows.parameters <= DENSE_PARAMETERS):
        return DenseSolver(rows, progress)
    if asked == "ekfac":
        return EKFACSolver(rows, progress)
    if asked == "lissa":
        return LiSSASolver(rows, progress, steps=steps or _LISSA_STEPS)
    if asked == "arnoldi":
        return ArnoldiSolver(rows, progress, steps or _ARNOLDI_STEPS)
    if asked == "datainf":
        return DataInfSolver(rows, deltas, progress)
    return ConjugateGradientSolver(rows, progress, steps=steps or _CG_STEPS)


def largest_eigenvalue(rows: SoftmaxRows, progress: Progress, steps: int = 200, tolerance: float = 1e-3) -> float:
    """Of H, from below, by power iteration from a fixed start."""
    v = np.random.default_rng(0).standard_normal((rows.features.shape[1], rows.probabilities.shape[1]))
    found = 0.0
    progress.stage("Influence: largest curvature", steps)
    for _ in range(steps):
        v = hessian_product(rows, v / np.linalg.norm(v))
        size = float(np.linalg.norm(v))
        progress.advance()
        if abs(size - found) <= tolerance * size:
            return size
        found = size
    return found


class LiSSASolver(EKFACSolver):
    """r <- v + r - H r / scale over all rows at once, scale 1.1 x the largest eigenvalue; the answer is r / scale.

    Converges for any scale above half of the largest eigenvalue, in about (condition number) x log(1 / tolerance)
    steps. Leverage is EK-FAC's. Agarwal et al. 2017.
    """

    name = "LiSSA"
    approximate = False

    def __init__(
        self,
        rows: SoftmaxRows,
        progress: Progress,
        tolerance: float = 1e-8,
        steps: int = _LISSA_STEPS,
        scale: float | None = None,
    ):
        super().__init__(rows, progress)
        self.tolerance, self.steps = tolerance, steps
        self.scale = 1.1 * largest_eigenvalue(rows, progress) if scale is None else scale

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """H^-1 gradient, both [D, C]; raises `CurationError` when it does not converge."""
        self.progress.stage("Influence: LiSSA", self.steps)
        size = max(float(np.linalg.norm(gradient)), np.finfo(float).tiny)
        sum_of_powers = gradient.copy()
        for _ in range(self.steps):
            left = gradient - hessian_product(self.rows, sum_of_powers) / self.scale
            self.error = float(np.linalg.norm(left)) / size
            if self.error <= self.tolerance:
                return sum_of_powers / self.scale
            if not self.error < 1e6:
                raise CurationError(
                    f"LiSSA diverged: its scale {self.scale:.2e} is below half of the largest curvature.",
                    "Choose another solver, or report this with the data.",
                )
            sum_of_powers += left
            self.progress.advance()
        raise CurationError(
            f"LiSSA stopped at a relative residual of {self.error:.1e} after {self.steps} steps.",
            "Choose a larger damping, more steps, or the cg solver.",
        )


class ArnoldiSolver(EKFACSolver):
    """Eigenpairs of H on a Krylov space from a fixed random start; the rest of the space counts at its mean curvature.

    A breakdown (repeated eigenvalues) goes on from a fresh direction, so as many steps as parameters are exact.
    Leaving out what lies outside, as published, loses the directions of low curvature, which weigh most in the inverse.
    Leverage is EK-FAC's. Schioppa et al., AAAI 2022.
    """

    name = "Arnoldi"

    def __init__(self, rows: SoftmaxRows, progress: Progress, steps: int = _ARNOLDI_STEPS):
        super().__init__(rows, progress)
        width = rows.parameters
        basis, projected = _krylov(rows, min(steps, width), progress)
        self.curvatures, turn = np.linalg.eigh(projected)
        self.vectors = basis @ turn
        total = mean_curvature(rows) * width + rows.probabilities.shape[1] * float(rows.ridge.sum())
        outside = max(1, width - basis.shape[1])
        # Positive by theory; rounding may say otherwise where nothing is left.
        self.rest = max((total - float(self.curvatures.sum())) / outside, float(rows.ridge.min()))

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """About H^-1 gradient, both [D, C]; exact when the space is full."""
        flat = gradient.ravel()
        inside = self.vectors.T @ flat
        solution = self.vectors @ (inside / self.curvatures) + (flat - self.vectors @ inside) / self.rest
        solution = solution.reshape(gradient.shape)
        self.error = relative_residual(self.rows, solution, gradient)
        return solution

    def self_influence(self, features: np.ndarray, deltas: np.ndarray) -> np.ndarray:
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


def _krylov(rows: SoftmaxRows, steps: int, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """(orthonormal [P, steps], H projected on it [steps, steps]), orthogonalized twice against all before."""
    shape = (rows.features.shape[1], rows.probabilities.shape[1])
    rng, basis = np.random.default_rng(0), np.zeros((rows.parameters, steps))
    projected, ahead = np.zeros((steps, steps)), np.zeros(rows.parameters)
    progress.stage("Influence: Arnoldi", steps)
    for j in range(steps):
        found = basis[:, :j]
        if np.linalg.norm(ahead) <= 1e-10 * max(1e-300, np.abs(projected).max()):
            ahead = rng.standard_normal(rows.parameters)
            for _ in range(2):
                ahead -= found @ (found.T @ ahead)
        basis[:, j] = ahead / np.linalg.norm(ahead)
        ahead = hessian_product(rows, basis[:, j].reshape(shape)).ravel()
        found = basis[:, : j + 1]
        projected[: j + 1, j] = projected[j, : j + 1] = found.T @ ahead
        for _ in range(2):
            ahead -= found @ (found.T @ ahead)
        progress.advance()
    return basis, projected


class DataInfSolver(EKFACSolver):
    """The mean over rows of the inverses of single-row curvatures: (1/n) sum_l (R + g_l g_l')^-1, R the ridge.

    No solve and no iteration; exact for one row, the error grows with n and the dimension (empirical Fisher, and the
    mean of inverses for the inverse of the mean). Leverage is EK-FAC's. Kwon et al., ICLR 2024.
    """

    name = "DataInf"

    def __init__(self, rows: SoftmaxRows, deltas: np.ndarray, progress: Progress):
        super().__init__(rows, progress)
        self.deltas, self.eased = deltas, rows.features / rows.ridge
        self.sizes = 1.0 + (self.eased * rows.features).sum(axis=1) * (deltas**2).sum(axis=1)

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """The mean of the single-row solutions, [D, C]."""
        pulled = ((self.eased @ gradient) * self.deltas).sum(axis=1) / self.sizes
        shared = self.eased.T @ (pulled[:, None] * self.deltas) / len(pulled)
        solution = gradient / self.rows.ridge[:, None] - shared
        self.error = relative_residual(self.rows, solution, gradient)
        return solution

    def self_influence(self, features: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """[b] the mean over rows of g_i' (R + g_l g_l')^-1 g_i; b n (D + C) operations."""
        alone = (features**2 @ (1.0 / self.rows.ridge)) * (deltas**2).sum(axis=1)
        out = np.empty(len(features))
        step = max(1, _BLOCK_CELLS // len(self.sizes))
        for start in range(0, len(out), step):
            part = slice(start, start + step)
            products = (features[part] @ self.eased.T) * (deltas[part] @ self.deltas.T)
            out[part] = alone[part] - (products**2 / self.sizes).mean(axis=1)
        return out
