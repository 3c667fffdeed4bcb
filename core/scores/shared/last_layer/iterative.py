"""Solvers that iterate with exact products until they meet a tolerance, or say that they did not.

Their leverage and the influence of rows on themselves are EK-FAC's, which each of them holds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Float64

from core.scores.shared.last_layer.ekfac import EKFACSolver
from core.scores.shared.last_layer.problem import SoftmaxRows, hessian_product, relative_residual
from core.types.errors import CurationError
from core.types.progress import Progress

TOLERANCE = 1e-8  # relative residual: far below what a damping or a float32 score can show
CG_STEPS, LISSA_STEPS = 500, 10_000  # both converge within a tenth of these at the default damping
_POWER_STEPS = 200  # products with H; at a tolerance of 1e-3 some twenty are needed
_SAFETY = 1.1  # the largest eigenvalue is found from below; LiSSA only diverges beyond half of it


class ConjugateGradientSolver:
    """Conjugate gradients on exact products, preconditioned by EK-FAC, which also gives an approximate leverage."""

    name = "conjugate gradients"
    approximate = False

    def __init__(self, rows: SoftmaxRows, progress: Progress, tolerance: float = TOLERANCE, steps: int = CG_STEPS):
        self.rows, self.progress, self.error = rows, progress, 1.0
        self.tolerance, self.steps = tolerance, steps
        self.ekfac = EKFACSolver(rows, progress)
        self.leverage_blocks, self.self_influence = self.ekfac.leverage_blocks, self.ekfac.self_influence

    def solve(self, gradient: Float[np.ndarray, "feature class"]) -> Float64[np.ndarray, "feature class"]:
        """H^-1 gradient, both [D, C]; raises `CurationError` when it does not converge."""
        from scipy.sparse.linalg import cg

        self.progress.stage("Influence: conjugate gradients", self.steps)
        flat, failed = cg(
            _operator(gradient.shape, lambda v: hessian_product(self.rows, v)),
            gradient.ravel(),
            rtol=self.tolerance,
            maxiter=self.steps,
            M=_operator(gradient.shape, self.ekfac.precondition),
            callback=lambda _: self.progress.advance(),
        )
        solution = flat.reshape(gradient.shape)
        self.error = relative_residual(self.rows, solution, gradient)
        if failed:
            raise CurationError(
                f"The influence solver stopped at a relative residual of {self.error:.1e} after {self.steps} steps.",
                "Choose a larger damping.",
            )
        return solution


class LiSSASolver:
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
        tolerance: float = TOLERANCE,
        steps: int = LISSA_STEPS,
        scale: float | None = None,
    ):
        self.rows, self.progress, self.error = rows, progress, 1.0
        self.tolerance, self.steps = tolerance, steps
        self.scale = _SAFETY * largest_eigenvalue(rows, progress) if scale is None else scale
        ekfac = EKFACSolver(rows, progress)
        self.leverage_blocks, self.self_influence = ekfac.leverage_blocks, ekfac.self_influence

    def solve(self, gradient: Float[np.ndarray, "feature class"]) -> Float64[np.ndarray, "feature class"]:
        """H^-1 gradient, both [D, C]; raises `CurationError` when it does not converge."""
        self.progress.stage("Influence: LiSSA", self.steps)
        size = max(float(np.linalg.norm(gradient)), np.finfo(float).tiny)
        estimate = gradient.copy()
        for _ in range(self.steps):
            residual = gradient - hessian_product(self.rows, estimate) / self.scale
            self.error = float(np.linalg.norm(residual)) / size
            if self.error <= self.tolerance:
                return estimate / self.scale
            if not self.error < 1e6:
                raise CurationError(
                    f"LiSSA diverged: its scale {self.scale:.2e} is below half of the largest curvature.",
                    "Choose another solver, or report this with the data.",
                )
            estimate += residual
            self.progress.advance()
        raise CurationError(
            f"LiSSA stopped at a relative residual of {self.error:.1e} after {self.steps} steps.",
            "Choose a larger damping, more steps, or the cg solver.",
        )


def largest_eigenvalue(rows: SoftmaxRows, progress: Progress, tolerance: float = 1e-3) -> float:
    """Of H, from below, from a fixed start."""
    from scipy.sparse.linalg import eigsh

    shape = (rows.features.shape[1], rows.probabilities.shape[1])
    progress.stage("Influence: largest curvature", _POWER_STEPS)

    def product(v: Float[np.ndarray, "feature class"]) -> Float64[np.ndarray, "feature class"]:
        progress.advance()
        return hessian_product(rows, v)

    start = np.random.default_rng(0).standard_normal(rows.parameters)
    eigenvalues = eigsh(
        _operator(shape, product),
        k=1,
        which="LA",
        v0=start,
        tol=tolerance,
        maxiter=_POWER_STEPS,
        return_eigenvectors=False,
    )
    return float(eigenvalues[0])


def _operator(
    shape: tuple[int, ...], product: Callable[[Float[np.ndarray, "feature class"]], Float[np.ndarray, "feature class"]]
):
    """A linear map of arrays [D, C] as scipy takes it, over flat vectors."""
    from scipy.sparse.linalg import LinearOperator

    size = int(np.prod(shape))
    return LinearOperator((size, size), lambda v: product(v.reshape(shape)).ravel(), dtype=np.float64)
