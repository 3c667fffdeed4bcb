"""Influence: how much the held-out loss would rise if the training row were removed, and the last layer refitted.

    I_i = (1/N) g_V' H^-1 g~_i       g_V: mean gradient of the targets, H: Hessian of the last layer's regularized loss

g~_i uses the residual corrected for the row's leverage, (I - M_i B_i / N)^-1 (p_i - onehot_i), the multiclass form of 1
/ (1 - leverage). Without damping this predicts exact retraining of a convex model with slope 1.01 instead of 1.12
(METHODS: Influence against retraining). The default damping, one mean curvature, keeps the solve stable where a network
has memorized its rows; it keeps the order (r .975 with retraining at a ridge of .001) and not the unit: retraining then
moves the loss 1.4 times as far as it says, more where the ridge is weaker. For loss differences set it to 0. All reals;
HIGH is helpful, NEGATIVE harmful. Targets are the held-out rows; without any, the left-out fold of each cross-fitted
network, averaged over the networks that trained on the row. Fails: features are taken as fixed; outlying classes
dominate; effects of groups are underestimated; a network that memorizes has nearly no curvature left, and the damping
(in units of the mean curvature) then decides. Koh & Liang, ICML 2017.

Solvers, all at the same effective damping: exact, cg and lissa give the same answer, or an error when they do not
converge; arnoldi, ekfac and datainf approximate, and the check says by how much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.held_out_targets import judged_layers, judged_result
from core.scores.shared.last_layer.influence import Effect, SolveParams, influence_on_targets
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class InfluenceParams(SolveParams):
    """Settings of the influence."""

    checkpoints: int = param(1, label="Late checkpoints", low=1, help="The mean over so many kept ones, last first.")


def _compute(inputs: ScoreInputs, params: InfluenceParams, progress: Progress) -> ScoreResult:
    groups = [group[-params.checkpoints :] for group in judged_layers(inputs, "Influence")]
    effects = [[influence_on_targets(layer, inputs.labels, params, progress) for layer in group] for group in groups]
    every = [effect for group in effects for effect in group]
    values = [np.mean([effect.values for effect in group], axis=0) for group in effects]
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
        light = Light.GREEN if error <= 0.1 and most <= 0.5 else Light.AMBER
        text = (
            f"Approximated ({effects[0].solver}): off by a relative residual of {error:.0e} against the exact Hessian"
        )
        return AssumptionCheck(light, f"{text}; {reached}", "solver")
    light = Light.GREEN if error <= 1e-4 and most <= 0.5 else Light.AMBER if error <= 1e-2 else Light.RED
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
