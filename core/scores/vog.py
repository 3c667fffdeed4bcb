"""VoG: how much the input gradient of the label's logit moved over a stage of training.

    G_t = d z_y / d x at checkpoint t (color channels averaged first);  raw_i = mean over inputs of std over t of G_t
    VoG_i = (raw_i - mean of its class) / std of its class            (population; per seed, then mean over seeds)

A standard deviation despite its name (variance of gradients). All reals when normalized, 0 and up raw. High: the
explanation of this row kept changing. THE STAGE DECIDES WHAT IT MEANS: on a small MLP the early stage ranks flipped
labels as easy (AUROC .18 to .35), the late one as hard (.68 to .96), unstable over seeds (rank correlation .1 to .2).
No label-error score: it never votes for `find_noise`. Classes with fewer than five rows, and rows without a label, are
normalized over all rows; a class without any spread gets 0. Agarwal, D'souza & Hooker, CVPR 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.assumptions import agreement_check
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.types.errors import CurationError
from core.types.examples import UNLABELED
from core.types.methods import Direction, Group, Paper, Signal
from core.types.params import param
from core.types.progress import Progress, track
from core.types.scores import AssumptionCheck, ScoreResult

_LEAST_ROWS = 5


@dataclass(frozen=True)
class VoGParams:
    """Settings of VoG."""

    stage: str = param(
        "auto",
        label="Stage of training",
        choices=("auto", "early", "middle", "late", "all"),
        help="auto: late, or all of a training too short to have stages. Early and late can order the opposite way.",
    )
    normalized: bool = param(
        True, label="Compare within the class", help="Raw values are not comparable between classes."
    )
    absolute: bool = param(False, label="Absolute value", help="Distance from the class mean, whichever side.")


def normalize_in_class(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """[N] float64: minus mean, over population std, of the row's class (of all rows for small classes, unlabeled)."""
    values = np.asarray(values, dtype=np.float64)
    out = _standardize(values, values)
    for label in np.unique(labels[labels != UNLABELED]):
        rows = labels == label
        if rows.sum() >= _LEAST_ROWS:
            out[rows] = _standardize(values[rows], values[rows])
    return out


def _standardize(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    center, spread = reference.mean(), reference.std()
    # Equal values differ from their own mean by rounding: that is no spread.
    if spread <= 1e-12 * max(1.0, abs(center)):
        return np.zeros_like(values)
    return (values - center) / spread


def _compute(inputs: ScoreInputs, params: VoGParams, progress: Progress) -> ScoreResult:
    stage = _stage(inputs, params.stage)
    spread = np.asarray(inputs.input_gradient_spread(stage), dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(spread).all(axis=0))
    if len(bad):
        raise CurationError(
            f"The input gradient of row {bad[0]} (id {inputs.examples.ids[bad[0]]}) is not finite.",
            "Look at that row's input, or lower the learning rate if training diverged.",
        )
    rows = [
        normalize_in_class(one, inputs.labels) if params.normalized else one
        for one in track(progress, list(spread), "VoG")
    ]
    per_seed = np.abs(rows) if params.absolute else np.stack(rows)
    epochs = [int(e) for e in inputs.evidence.stage_epochs.get(stage, ())]
    return ScoreResult(
        per_seed.mean(axis=0).astype(np.float32),
        per_seed=per_seed.astype(np.float32),
        checks=(_stage_check(stage, epochs), agreement_check(per_seed)),
        meta={"stage": stage, "stage_epochs": epochs, "normalized": params.normalized},
    )


def _stage(inputs: ScoreInputs, asked: str) -> str:
    if asked != "auto":
        return asked
    return "late" if "late" in inputs.evidence.input_gradient_spread else "all"


def _stage_check(stage: str, epochs: list[int]) -> AssumptionCheck:
    named = f" (epochs {', '.join(map(str, epochs))})" if epochs else ""
    text = f"Stage {stage!r} has {len(epochs)} checkpoint{'s' * (len(epochs) != 1)}{named}; 3 or more are advised."
    return AssumptionCheck("green" if len(epochs) >= 3 else "amber" if len(epochs) == 2 else "red", text, "stage")


VOG = ScoreMethod(
    name="vog",
    title="VoG",
    summary="How much the input gradient of the label's logit moved over a stage of training.",
    paper=Paper(
        "Agarwal, D'souza & Hooker",
        2022,
        "Estimating Example Difficulty using Variance of Gradients",
        "https://arxiv.org/abs/2008.11600",
    ),
    params=VoGParams,
    group=Group.DIFFICULTY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(0, +1, 0, 0, 0, 0),
    needs=(Signal.INPUT_GRADIENT_SPREAD,),
    compute=_compute,
    range="all reals (0 and up when not compared within the class)",
    high_means="What the networks look at kept changing: hard.",
    low_means="What the networks look at stayed the same: settled.",
    cost="One forward and input-gradient pass per kept checkpoint of the stage.",
)
