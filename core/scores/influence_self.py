"""Self-influence: how much a row's own loss would rise if it were removed, in units of one over N.

    self_i = g_i' H^-1 g_i       g_i: gradient of the row's loss, H: Hessian of the last layer's regularized loss

Last layer, final checkpoint (or the mean of several late ones), mean over seeds. From 0 up. HIGH: held in place by
itself alone, so mislabeled, rare or hard; low: others teach it too. Unlike self-TracIn it discounts directions that
many rows share. Needs no held-out rows. Fails: once the network memorizes, residuals vanish and with them the signal;
the damping then decides; outliers of the features come first. Koh & Liang, ICML 2017.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import agreement_check, fit_check, masked_result, skill, without_label
from core.scores.shared.checkpoints import accuracy_of, by_seed, checked, features_of
from core.scores.shared.formulas import residual, softmax
from core.scores.shared.held_out_targets import LastLayer, with_bias
from core.scores.shared.last_layer.influence import damped_rows
from core.scores.shared.last_layer.problem import DENSE_PARAMETERS
from core.scores.shared.last_layer.solvers import build_solver
from core.types.errors import DataError
from core.types.evidence import CheckpointEvidence
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress, SilentProgress, track
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_BLOCK_CELLS = 4_000_000  # of the gradients held at a time: 32 MB


@dataclass(frozen=True)
class InfluenceSelfParams:
    """Settings of the self-influence."""

    damping: float = param(1.0, label="Damping", low=0.0, help="Added to the Hessian, in units of its mean eigenvalue.")
    solver: str = param(
        "auto",
        label="Solver",
        choices=("auto", "exact", "arnoldi", "datainf", "ekfac"),
        help=f"auto: exact up to {DENSE_PARAMETERS:,} parameters of the last layer, then ekfac.",
    )
    steps: int = param(0, label="Solver steps at most", low=0, help="0: 200 of arnoldi.")
    checkpoints: int = param(1, label="Late checkpoints", low=1, help="The mean over so many kept ones, last first.")


def self_influence(
    layer: LastLayer,
    labels: Integer[np.ndarray, " example"],
    params: InfluenceSelfParams | None = None,
    progress: Progress | None = None,
) -> tuple[Float64[np.ndarray, " example"], str]:
    """([N] float64 g_i' H^-1 g_i, the solver) for all rows and labels 0..C-1; H is that of `layer.trained`."""
    params, progress = params or InfluenceSelfParams(), progress or SilentProgress()
    features, logits = with_bias(layer), np.asarray(layer.logits, dtype=np.float64)
    rows = damped_rows(layer, features[layer.trained], softmax(logits[layer.trained]), params.damping)
    deltas = residual(logits, labels)
    solver_name = "ekfac" if params.solver == "auto" and rows.parameters > DENSE_PARAMETERS else params.solver
    solver = build_solver(rows, deltas[layer.trained], solver_name, params.steps, progress)
    out, step = np.empty(len(deltas)), max(1, _BLOCK_CELLS // rows.parameters)
    for start in track(progress, range(0, len(out), step), "Self-influence"):
        part = slice(start, start + step)
        out[part] = solver.self_influence(features[part], deltas[part])
    return out, solver.name


def _compute(inputs: ScoreInputs, params: InfluenceSelfParams, progress: Progress) -> ScoreResult:
    train, held_out = inputs.examples.train_rows, inputs.examples.held_out_rows
    late = [group[-params.checkpoints :] for group in by_seed(inputs.checkpoints)]
    last = [group[-1] for group in late]
    if len(train) == 0:
        raise DataError("Self-influence needs labeled training rows.", "Check the label and split columns.")
    labels = np.maximum(inputs.labels, 0)

    def of_seed(group: list[CheckpointEvidence]) -> tuple[Float64[np.ndarray, " example"], str]:
        values_of = [self_influence(_layer(one, train, inputs), labels, params, progress) for one in group]
        each = [checked(values, inputs, one) for (values, _), one in zip(values_of, group, strict=True)]
        return np.mean(each, axis=0), values_of[0][1]

    per_network = [of_seed(group) for group in late]
    per_seed = np.stack([values for values, _ in per_network])
    fitted = accuracy_of(last, labels, train)
    accuracy = accuracy_of(last, labels, held_out) if len(held_out) else fitted
    checks = (_solver_check(per_network[0][1], fitted), fit_check(fitted, inputs.labels), agreement_check(per_seed))
    return masked_result(
        per_seed,
        without_label(inputs.examples),
        checks=checks,
        skill=skill(accuracy, inputs.labels),
        meta={"solver": per_network[0][1], "epochs_read": [one.checkpoint.epoch for one in late[0]]},
    )


def _layer(one: CheckpointEvidence, train: Integer[np.ndarray, " row"], inputs: ScoreInputs) -> LastLayer:
    none = np.array([], dtype=np.int64)
    return LastLayer(features_of(one), one.logits, train, none, inputs.evidence.weight_decay, one.has_bias)


def _solver_check(name: str, fitted: float) -> AssumptionCheck:
    """A network that gives every training label has hardly a residual left to be influenced by."""
    light = Light.GREEN if fitted < 0.99 else Light.AMBER
    text = f"Solved by {name}; {1.0 - fitted:.1%} of the training rows keep a wrong prediction to show up by."
    return AssumptionCheck(light, text, "solver")


INFLUENCE_SELF = ScoreMethod(
    name="influence_self",
    title="Self-influence",
    summary="How much a row's own loss would rise if it were removed.",
    paper=Paper(
        "Koh & Liang",
        2017,
        "Understanding Black-box Predictions via Influence Functions",
        "https://arxiv.org/abs/1703.04730",
    ),
    params=InfluenceSelfParams,
    group=Group.INFLUENCE,
    direction=Direction.NOISY,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_hard=+1, keep_clean_core=-1, find_ood=+1),
    needs=(Signal.FEATURES,),
    compute=_compute,
    range="0 and up",
    high_means="Held in place by itself alone: labeled wrong, rare or hard.",
    low_means="Others teach it too: typical.",
    cost="N x (d C)^2 per seed up to 3,000 parameters d C; then N x d x (d + C).",
)
