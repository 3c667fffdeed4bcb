"""Influence: how much the held-out loss would rise if the training row were removed, and the last layer refitted.

    I_i = (1/N) g_V' H^-1 g~_i       g_V: mean gradient of the targets, H: Hessian of the last layer's regularized loss

g~_i uses the residual corrected for the row's leverage, (I - M_i B_i / N)^-1 (p_i - onehot_i), the multiclass form of
1 / (1 - leverage). On a convex model this predicts exact retraining with slope 1.01 instead of 1.12 (METHODS 12.4).
All reals; HIGH is helpful, NEGATIVE harmful. Targets are the held-out rows; without any, the left-out fold of each
cross-fitted network, averaged over the networks that trained on the row. Fails: features are taken as fixed; outlying
classes dominate; effects of groups are underestimated; a network that memorizes has nearly no curvature left, and the
damping (in units of the mean curvature) then decides. Koh & Liang, ICML 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.scores.assumptions import agreement_check, fit_check, skill, unlabeled
from core.scores.checkpoints import by_seed, features_of
from core.scores.formulas import residual, softmax
from core.scores.last_layer import (
    DENSE_PARAMETERS,
    ConjugateGradientSolver,
    DenseSolver,
    SoftmaxRows,
    Solver,
    corrected_residuals,
    mean_curvature,
)
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.types.errors import CurationError, DataError
from core.types.examples import Split
from core.types.methods import Direction, Group, Paper, Signal
from core.types.params import param
from core.types.progress import Progress, SilentProgress
from core.types.scores import AssumptionCheck, ScoreResult

_JITTER = 1e-9  # of the mean curvature: shifting all classes alike changes nothing, and must not be singular
_FLOOR = 1e-8


@dataclass(frozen=True)
class InfluenceParams:
    """Settings of the influence."""

    damping: float = param(1.0, label="Damping", low=0.0, help="Added to the Hessian, in units of its mean eigenvalue.")
    leverage: bool = param(True, label="Leverage correction", help="What makes it agree with leave-one-out retraining.")
    solver: str = param(
        "auto",
        label="Solver",
        choices=("auto", "exact", "cg"),
        help=f"auto: exact up to {DENSE_PARAMETERS:,} parameters of the last layer, then conjugate gradients.",
    )


class LastLayer(NamedTuple):
    """A fitted last layer: what it saw of all N rows, the rows it was trained on, and those it is judged by."""

    features: np.ndarray
    logits: np.ndarray
    trained: np.ndarray
    targets: np.ndarray
    weight_decay: float
    has_bias: bool


@dataclass(frozen=True, eq=False)
class Effect:
    """values [n] per trained row; how the solve went."""

    values: np.ndarray
    solver: str
    error: float
    largest_leverage: float
    accuracy: float


def influence_on_targets(
    layer: LastLayer, labels: np.ndarray, params: InfluenceParams | None = None, progress: Progress | None = None
) -> Effect:
    """Predicted rise of the mean loss of `layer.targets` when each of `layer.trained` is removed; float64.

    The ridge is the weight decay on weights (not on the bias) plus the damping.
    """
    params, progress = params or InfluenceParams(), progress or SilentProgress()
    features = _with_bias(layer)
    logits = np.asarray(layer.logits, dtype=np.float64)
    rows = _softmax_rows(layer, features[layer.trained], softmax(logits[layer.trained]), params.damping)
    solver = _solver(rows, params.solver, progress)
    wanted = labels[layer.targets]
    pull = features[layer.targets].T @ residual(logits[layer.targets], wanted) / len(wanted)
    deltas = residual(logits[layer.trained], labels[layer.trained])
    largest = 0.0
    if params.leverage:
        deltas, largest = corrected_residuals(solver, rows, deltas, progress)
    values = ((rows.features @ solver.solve(pull)) * deltas).sum(axis=1) / len(deltas)
    accuracy = float((logits[layer.targets].argmax(axis=1) == wanted).mean())
    return Effect(values, solver.name, solver.error, largest, accuracy)


def _with_bias(layer: LastLayer) -> np.ndarray:
    features = np.asarray(layer.features, dtype=np.float64)
    for name, array in (("features", features), ("logits", layer.logits)):
        bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
        if len(bad):
            raise CurationError(f"The {name} of row {bad[0]} are not finite.", "Look at that row's input.")
    return np.hstack([features, np.ones((len(features), 1))]) if layer.has_bias else features


def _softmax_rows(layer: LastLayer, features: np.ndarray, probabilities: np.ndarray, damping: float) -> SoftmaxRows:
    bare = SoftmaxRows(features, probabilities, np.zeros(features.shape[1]))
    # Probabilities rounded to 0 and 1 have no curvature at all; the floor keeps the damped problem solvable.
    curvature = max(mean_curvature(bare), _FLOOR * max(float((features**2).mean()), _FLOOR))
    ridge = np.full(features.shape[1], layer.weight_decay)
    if layer.has_bias:
        ridge[-1] = 0.0
    return SoftmaxRows(features, probabilities, ridge + max(damping, _JITTER) * curvature)


def _solver(rows: SoftmaxRows, asked: str, progress: Progress) -> Solver:
    if asked == "exact" or (asked == "auto" and rows.parameters <= DENSE_PARAMETERS):
        return DenseSolver(rows, progress)
    return ConjugateGradientSolver(rows, progress)


def _layers(inputs: ScoreInputs) -> Iterator[LastLayer]:
    """The last checkpoint of each seed judged by the held-out rows, or each fold's network judged by its fold."""
    train, held_out = inputs.examples.train_rows, inputs.examples.held_out_rows
    if len(held_out):
        for group in by_seed(inputs.checkpoints):
            one = group[-1]
            yield LastLayer(features_of(one), one.logits, train, held_out, inputs.evidence.weight_decay, one.has_bias)
        return
    for fold in inputs.fold_models:
        inside = fold.trained[train]
        if not inside.all() and inside.any():
            yield LastLayer(fold.features, fold.logits, train[inside], train[~inside], fold.weight_decay, fold.has_bias)


def _compute(inputs: ScoreInputs, params: InfluenceParams, progress: Progress) -> ScoreResult:
    if len(inputs.examples.train_rows) == 0:
        raise DataError("Influence needs labeled training rows.", "Check the label and split columns.")
    layers = list(_layers(inputs))
    effects = [influence_on_targets(layer, inputs.labels, params, progress) for layer in layers]
    if not effects:
        raise CurationError(
            "Influence needs held-out rows, or networks that left a fold out.", "Give a held-out split."
        )
    every = np.full((len(effects), len(inputs.labels)), np.nan)
    for found, layer, effect in zip(every, layers, effects, strict=True):
        found[layer.trained] = effect.values
    seen = np.isfinite(every).sum(axis=0)
    values = np.divide(np.nansum(every, axis=0), seen, out=np.full(len(seen), np.nan), where=seen > 0)
    held_out = len(inputs.examples.held_out_rows) > 0
    accuracy = float(np.mean([e.accuracy for e in effects]))
    judged = sum(len(layer.targets) for layer in layers) // (len(layers) if held_out else 1)
    checks = (
        _target_check(held_out, judged),
        fit_check(accuracy, inputs.labels, "On the targets, the networks"),
        _solver_check(effects),
        agreement_check(every, "seeds" if held_out else "folds"),
    )
    return ScoreResult(
        values.astype(np.float32),
        per_seed=every.astype(np.float32) if held_out else None,
        undefined=_undefined(inputs, values),
        checks=checks,
        skill=skill(accuracy, inputs.labels),
        meta={
            "targets_are": "held-out rows" if held_out else "left-out folds",
            "networks": len(effects),
            "solver": effects[0].solver,
            "target_accuracy": accuracy,
        },
    )


def _undefined(inputs: ScoreInputs, values: np.ndarray) -> dict[str, int]:
    without = unlabeled(inputs.examples)
    elsewhere = (inputs.examples.splits != Split.TRAIN) & ~without
    never = np.isnan(values) & ~without & ~elsewhere
    counts = {
        "unlabeled row": without.sum(),
        "held-out row": elsewhere.sum(),
        "row that no fold trained on": never.sum(),
    }
    return {reason: int(count) for reason, count in counts.items() if count}


def _target_check(held_out: bool, count: int) -> AssumptionCheck:
    if held_out:
        return AssumptionCheck("green" if count >= 100 else "amber", f"Judged by {count} held-out rows.", "targets")
    return AssumptionCheck(
        "amber",
        f"No held-out rows: judged by {count} left-out training rows, which carry the same label noise.",
        "targets",
    )


def _solver_check(effects: list[Effect]) -> AssumptionCheck:
    error, most = max(e.error for e in effects), max(e.largest_leverage for e in effects)
    light = "green" if error <= 1e-4 and most <= 0.5 else "amber" if error <= 1e-2 else "red"
    return AssumptionCheck(
        light,
        f"Solved ({effects[0].solver}) to a relative residual of {error:.0e}; the largest "
        f"leverage of a row, summed over classes, is {most:.2f}.",
        "solver",
    )


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
    orientation=orient(-1, 0, +1, -1, 0, +1),
    needs=(Signal.FEATURES, Signal.FOLD_MODELS),
    compute=_compute,
    range="all reals; about 1/N of the loss",
    high_means="Removing it would hurt: helpful.",
    low_means="Removing it would help: harmful, probably labeled wrong.",
    cost="N x (d C)^2 + (d C)^3 per network, up to 3,000 parameters d C; else steps x N x d x C.",
)
