"""What leaving out a row does to the loss of targets, once the last layer is refitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Integer

from core.scores.shared.formulas import residual, softmax
from core.scores.shared.held_out_targets import LastLayer, target_gradient, with_bias
from core.scores.shared.last_layer.problem import DENSE_PARAMETERS, SoftmaxRows, corrected_residuals, mean_curvature
from core.scores.shared.last_layer.solvers import SOLVER_NAMES, build_solver
from core.types.params import param
from core.types.progress import Progress, SilentProgress, track

_JITTER = 1e-9  # of the mean curvature: shifting all classes alike changes nothing, and must not be singular
_FLOOR = 1e-8  # of the mean squared feature, and of one: the curvature that a damping is measured in


@dataclass(frozen=True)
class SolveParams:
    """Settings of an influence through the last layer."""

    damping: float = param(
        1.0,
        label="Damping",
        low=0.0,
        help="Added to the Hessian, in units of its mean eigenvalue. 0: in units of loss. The default keeps the order.",
    )
    leverage: bool = param(True, label="Leverage correction", help="What makes it agree with leave-one-out retraining.")
    solver: str = param(
        "auto",
        label="Solver",
        choices=("auto", *SOLVER_NAMES),
        help=f"auto: exact up to {DENSE_PARAMETERS:,} parameters of the last layer, then conjugate gradients. "
        "All solve at the same effective damping; datainf, ekfac and arnoldi approximate.",
    )
    steps: int = param(0, label="Solver steps at most", low=0, help="0: 500 of cg, 10,000 of lissa, 200 of arnoldi.")


@dataclass(frozen=True, eq=False)
class Effect:
    """values [n] per trained row; how the solve went."""

    values: Float[np.ndarray, " row"]
    solver: str
    error: float
    largest_leverage: float
    approximate: bool


def influence_on_targets(
    layer: LastLayer,
    labels: Integer[np.ndarray, " example"],
    params: SolveParams | None = None,
    progress: Progress | None = None,
) -> Effect:
    """Predicted rise of the mean loss of `layer.targets` when each of `layer.trained` is removed; float64.

    The ridge is the weight decay on weights (not on the bias) plus the damping.
    """
    solved = _Solved(layer, labels, params or SolveParams(), progress or SilentProgress())
    return solved.effect(target_gradient(layer, solved.features, labels))


def influence_on_each_target(
    layer: LastLayer,
    labels: Integer[np.ndarray, " example"],
    params: SolveParams | None = None,
    progress: Progress | None = None,
) -> Float64[np.ndarray, "target row"]:
    """[V, n] float64: the same for the loss of each of `layer.targets`, one solve each."""
    progress = progress or SilentProgress()
    solved = _Solved(layer, labels, params or SolveParams(), progress)
    x, logits = solved.features[layer.targets], np.asarray(layer.logits[layer.targets], dtype=np.float64)
    deltas = residual(logits, labels[layer.targets])
    rows = track(progress, range(len(x)), "Influence: targets")
    return np.stack([solved.effect(np.outer(x[t], deltas[t])).values for t in rows])


class _Solved:
    """A last layer with its solver, and the residuals of the trained rows, corrected for their leverage if asked."""

    def __init__(
        self, layer: LastLayer, labels: Integer[np.ndarray, " example"], params: SolveParams, progress: Progress
    ):
        self.features = with_bias(layer)
        logits = np.asarray(layer.logits[layer.trained], dtype=np.float64)
        self.rows = damped_rows(layer, self.features[layer.trained], softmax(logits), params.damping)
        self.deltas, self.largest = residual(logits, labels[layer.trained]), 0.0
        self.solver = build_solver(self.rows, self.deltas, params.solver, params.steps, progress)
        if params.leverage:
            self.deltas, self.largest = corrected_residuals(self.solver, self.rows, self.deltas, progress)

    def effect(self, gradient: Float[np.ndarray, "feature class"]) -> Effect:
        """Of removing each trained row on what has this gradient [D, C]."""
        solution, solver = self.solver.solve(gradient), self.solver
        values = ((self.rows.features @ solution) * self.deltas).sum(axis=1) / len(self.deltas)
        return Effect(values, solver.name, solver.error, self.largest, solver.approximate)


def damped_rows(
    layer: LastLayer,
    features: Float[np.ndarray, "row feature"],
    probabilities: Float[np.ndarray, "row class"],
    damping: float,
) -> SoftmaxRows:
    """The layer's convex problem: weight decay on weights, plus `damping` in units of the mean curvature on all."""
    bare = SoftmaxRows(features, probabilities, np.zeros(features.shape[1]))
    # Probabilities rounded to 0 and 1 have no curvature at all; the floor keeps the damped problem solvable.
    curvature = max(mean_curvature(bare), _FLOOR * max(float((features**2).mean()), _FLOOR))
    ridge = np.full(features.shape[1], layer.weight_decay)
    if layer.has_bias:
        ridge[-1] = 0.0
    return SoftmaxRows(features, probabilities, ridge + max(damping, _JITTER) * curvature)
