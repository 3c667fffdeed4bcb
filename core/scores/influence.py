"""Influence: how much the held-out loss would rise if the training row were removed, and the last layer refitted.

    I_i = (1/N) g_V' H^-1 g~_i       g_V: mean gradient of the targets, H: Hessian of the last layer's regularized loss

g~_i uses the residual corrected for the row's leverage, (I - M_i B_i / N)^-1 (p_i - onehot_i), the multiclass form of 1
/ (1 - leverage). Without damping this predicts exact retraining of a convex model with slope 1.01 instead of 1.12
(METHODS 12.4). The default damping, one mean curvature, keeps the solve stable where a network has memorized its rows;
it keeps the order (r .975 with retraining at a ridge of .001) and not the unit: retraining then moves the loss 1.4
times as far as it says, more where the ridge is weaker. For loss differences set it to 0. All reals; HIGH is helpful,
NEGATIVE harmful. Targets are the held-out rows; without any, the left-out fold of each cross-fitted network, averaged
over the networks that trained on the row. Fails: features are taken as fixed; outlying classes dominate; effects of
groups are underestimated; a network that memorizes has nearly no curvature left, and the damping (in units of the mean
curvature) then decides. Koh & Liang, ICML 2017.

Solvers, all at the same effective damping: exact, cg and lissa give the same answer, or an error when they do not
converge; arnoldi, ekfac and datainf approximate, and the check says by how much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.formulas import residual, softmax
from core.scores.shared.held_out_targets import (
    LastLayer,
    judged_layers,
    judged_result,
    target_gradient,
    with_bias,
)
from core.scores.shared.last_layer import DENSE_PARAMETERS, SoftmaxRows, corrected_residuals, mean_curvature
from core.scores.shared.last_layer_solvers import SOLVERS, build_solver
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress, SilentProgress, track
from core.types.scores import AssumptionCheck, ScoreResult
from core.types.signals import Signal

_JITTER = 1e-9  # of the mean curvature: shifting all classes alike changes nothing, and must not be singular
_FLOOR = 1e-8


@dataclass(frozen=True)
class InfluenceParams:
    """Settings of the influence."""

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
        choices=("auto", *SOLVERS),
        help=f"auto: exact up to {DENSE_PARAMETERS:,} parameters of the last layer, then conjugate gradients. "
        "All solve at the same effective damping; datainf, ekfac and arnoldi approximate.",
    )
    steps: int = param(0, label="Solver steps at most", low=0, help="0: 500 of cg, 10,000 of lissa, 200 of arnoldi.")
    checkpoints: int = param(1, label="Late checkpoints", low=1, help="The mean over so many kept ones, last first.")


@dataclass(frozen=True, eq=False)
class Effect:
    """values [n] per trained row; how the solve went."""

    values: np.ndarray
    solver: str
    error: float
    largest_leverage: float
    approximate: bool


def influence_on_targets(
    layer: LastLayer, labels: np.ndarray, params: InfluenceParams | None = None, progress: Progress | None = None
) -> Effect:
    """Predicted rise of the mean loss of `layer.targets` when each of `layer.trained` is removed; float64.

    The ridge is the weight decay on weights (not on the bias) plus the damping.
    """
    solved = _Solved(layer, labels, params or InfluenceParams(), progress or SilentProgress())
    return solved.effect(target_gradient(layer, solved.features, labels))


def influence_on_each_target(
    layer: LastLayer, labels: np.ndarray, params: InfluenceParams | None = None, progress: Progress | None = None
) -> np.ndarray:
    """[V, n] float64: the same for the loss of each of `layer.targets`, one solve each."""
    progress = progress or SilentProgress()
    solved = _Solved(layer, labels, params or InfluenceParams(), progress)
    x, wanted = solved.features[layer.targets], np.asarray(layer.logits[layer.targets], dtype=np.float64)
    deltas = residual(wanted, labels[layer.targets])
    rows = track(progress, range(len(x)), "Influence: targets")
    return np.stack([solved.effect(np.outer(x[t], deltas[t])).values for t in rows])


class _Solved:
    """A last layer with its solver, and the residuals of the trained rows, corrected for their leverage if asked."""

    def __init__(self, layer: LastLayer, labels: np.ndarray, params: InfluenceParams, progress: Progress):
        self.features = with_bias(layer)
        logits = np.asarray(layer.logits[layer.trained], dtype=np.float64)
        self.rows = damped_rows(layer, self.features[layer.trained], softmax(logits), params.damping)
        self.deltas, self.largest = residual(logits, labels[layer.trained]), 0.0
        self.solver = build_solver(self.rows, self.deltas, params.solver, params.steps, progress)
        if params.leverage:
            self.deltas, self.largest = corrected_residuals(self.solver, self.rows, self.deltas, progress)

    def effect(self, gradient: np.ndarray) -> Effect:
        """Of removing each trained row on what has this gradient [D, C]."""
        solution, solver = self.solver.solve(gradient), self.solver
        values = ((self.rows.features @ solution) * self.deltas).sum(axis=1) / len(self.deltas)
        return Effect(values, solver.name, solver.error, self.largest, solver.approximate)


def damped_rows(layer: LastLayer, features: np.ndarray, probabilities: np.ndarray, damping: float) -> SoftmaxRows:
    """The layer's convex problem: weight decay on weights, plus `damping` in units of the mean curvature on all."""
    bare = SoftmaxRows(features, probabilities, np.zeros(features.shape[1]))
    # Probabilities rounded to 0 and 1 have no curvature at all; the floor keeps the damped problem solvable.
    curvature = max(mean_curvature(bare), _FLOOR * max(float((features**2).mean()), _FLOOR))
    ridge = np.full(features.shape[1], layer.weight_decay)
    if layer.has_bias:
        ridge[-1] = 0.0
    return SoftmaxRows(features, probabilities, ridge + max(damping, _JITTER) * curvature)


def _compute(inputs: ScoreInputs, params: InfluenceParams, progress: Progress) -> ScoreResult:
    groups = [group[-params.checkpoints :] for group in judged_layers(inputs, "Influence")]
    found = [[influence_on_targets(layer, inputs.labels, params, progress) for layer in group] for group in groups]
    every = [effect for group in found for effect in group]
    values = [np.mean([effect.values for effect in group], axis=0) for group in found]
    meta = {
        "solver": every[0].solver,
        "relative_residual": max(e.error for e in every),
        "checkpoints_read": len(groups[0]),
    }
    return judged_result(inputs, [group[-1] for group in groups], values, (_solver_check(every),), meta)


def _solver_check(effects: list[Effect]) -> AssumptionCheck:
    error, most = max(e.error for e in effects), max(e.largest_leverage for e in effects)
    reached = f"the largest leverage of a row, summed over classes, is {most:.2f}."
    if effects[0].approximate:
        light = "green" if error <= 0.1 and most <= 0.5 else "amber"
        text = (
            f"Approximated ({effects[0].solver}): off by a relative residual of {error:.0e} against the exact Hessian"
        )
        return AssumptionCheck(light, f"{text}; {reached}", "solver")
    light = "green" if error <= 1e-4 and most <= 0.5 else "amber" if error <= 1e-2 else "red"
    text = f"Solved ({effects[0].solver}) to a relative residual of {error:.0e}"
    return AssumptionCheck(light, f"{text}; {reached}", "solver")


INFLUENCE = ScoreMethod(
    name="influence",
    title="Influence",
    summary="How much the held-out loss would rise if the row were removed.",
    paper=Paper(
        "Koh & Liang",
        2017,
        "Understanding Black-box Predictions via Influence Functions",
        "https://arxiv.org/abs/1703.04730",
    ),
    params=InfluenceParams,
    group=Group.INFLUENCE,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, remove_redundant=-1, most_helpful=+1),
    needs=(Signal.FEATURES, Signal.FOLD_MODELS),
    compute=_compute,
    judged_by_held_out=True,
    range="all reals; about 1/N of the loss",
    high_means="Removing it would hurt: helpful.",
    low_means="Removing it would help: harmful, probably labeled wrong.",
    cost="N x (d C)^2 + (d C)^3 per network, up to 3,000 parameters d C; else steps x N x d x C.",
)
