"""VoG: how much the input gradient of the label's logit moved over a stage of training.

    G_t = d z_y / d x at checkpoint t (color channels averaged first);  raw_i = mean over inputs of std over t of G_t
    VoG_i = (raw_i - mean of its class) / std of its class            (population; per seed, then mean over seeds)

A standard deviation despite its name (variance of gradients). All reals when normalized, 0 and up raw. High: the
explanation of this row kept changing. Fails: THE STAGE DECIDES WHAT IT MEANS, so it stands in the name: on a small MLP
the early stage (`vog_early`) ranks flipped labels as easy (AUROC .18 to .35), the late one (`vog`) as hard (.68 to
.96), unstable over seeds (rank correlation .1 to .2). No label-error score: neither votes for `find_noise`, and the
early one for no goal at all. Classes of two to four rows, and rows without a label, are normalized over all rows; the
only row of its class has nothing to be compared with and gets none; a class without any spread gets 0. Statistics of a
class are over all its rows, held-out ones included. Agarwal, D'souza & Hooker, CVPR 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import agreement_check, undefined_rows
from core.scores.shared.trace_moments import network_fit
from core.types.errors import CurationError
from core.types.examples import UNLABELED
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress, track
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_LEAST_ROWS = 5  # of a class: the spread of fewer values says nothing


@dataclass(frozen=True)
class EarlyVoGParams:
    """Settings of VoG at a given stage."""

    normalized: bool = param(
        True, label="Compare within the class", help="Raw values are not comparable between classes."
    )
    absolute: bool = param(False, label="Absolute value", help="Distance from the class mean, whichever side.")


@dataclass(frozen=True)
class VoGParams(EarlyVoGParams):
    """Settings of VoG."""

    stage: str = param(
        "auto",
        label="Stage of training",
        choices=("auto", "early", "middle", "late", "all"),
        help="auto: late, or all of a training too short to have stages. Early and late can order the opposite way.",
    )


def normalize_in_class(
    values: Float[np.ndarray, " example"], labels: Integer[np.ndarray, " example"]
) -> Float64[np.ndarray, " example"]:
    """[N] float64: minus mean, over population std, of the row's class (of all rows for small classes, unlabeled).

    NaN for the only row of its class.
    """
    values = np.asarray(values, dtype=np.float64)
    out = _standardize(values, values)
    for label in np.unique(labels[labels != UNLABELED]):
        rows = labels == label
        if rows.sum() >= _LEAST_ROWS:
            out[rows] = _standardize(values[rows], values[rows])
        elif rows.sum() == 1:
            out[rows] = np.nan
    return out


def _standardize(
    values: Float[np.ndarray, " row"], reference: Float[np.ndarray, " other"]
) -> Float[np.ndarray, " row"]:
    center, spread = reference.mean(), reference.std()
    # Equal values differ from their own mean by rounding: that is no spread.
    if spread <= 1e-12 * max(1.0, abs(center)):
        return np.zeros_like(values)
    return (values - center) / spread


def shown_as(stage: str, params: EarlyVoGParams) -> str:
    """The name with everything that decides what it means: stage, and in which form it is given."""
    form = "class-normalized" if params.normalized else "raw"
    return f"VoG ({stage}, {form}{', absolute' if params.absolute else ''})"


def _compute(inputs: ScoreInputs, params: VoGParams, progress: Progress) -> ScoreResult:
    return _at_stage(inputs, _stage(inputs, params.stage), params, progress)


def _compute_early(inputs: ScoreInputs, params: EarlyVoGParams, progress: Progress) -> ScoreResult:
    known = inputs.evidence.input_gradient_spread
    if known and "early" not in known:
        raise CurationError("This training is too short to have an early stage.", "Keep three checkpoints or more.")
    return _at_stage(inputs, "early", params, progress)


def _at_stage(inputs: ScoreInputs, stage: str, params: EarlyVoGParams, progress: Progress) -> ScoreResult:
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
    alone, undefined = undefined_rows({"the only row of its class": np.asarray(np.isnan(per_seed).any(axis=0))})
    return ScoreResult(
        per_seed.mean(axis=0).astype(np.float32),
        per_seed=per_seed.astype(np.float32),
        undefined=undefined,
        checks=(
            _stage_check(shown_as(stage, params), epochs),
            *network_fit(inputs),
            agreement_check(per_seed[:, ~alone]),
        ),
        meta={
            "shown_as": shown_as(stage, params),
            "stage": stage,
            "stage_epochs": epochs,
            "normalized": params.normalized,
        },
    )


def _stage(inputs: ScoreInputs, choice: str) -> str:
    if choice != "auto":
        return choice
    return "late" if "late" in inputs.evidence.input_gradient_spread else "all"


def _stage_check(name: str, epochs: list[int]) -> AssumptionCheck:
    named = f" (epochs {', '.join(map(str, epochs))})" if epochs else ""
    text = f"{name} is over {len(epochs)} checkpoint{'s' * (len(epochs) != 1)}{named}; 3 or more are advised."
    return AssumptionCheck(
        Light.GREEN if len(epochs) >= 3 else Light.AMBER if len(epochs) == 2 else Light.RED, text, "stage"
    )


_PAPER = Paper(
    "Agarwal, D'souza & Hooker",
    2022,
    "Estimating Example Difficulty using Variance of Gradients",
    "https://arxiv.org/abs/2008.11600",
)
_RANGE = "all reals (0 and up when not compared within the class)"

VOG = ScoreMethod(
    name="vog",
    title="VoG (late)",
    summary="How much the input gradient of the label's logit moved over the late stage of training.",
    paper=_PAPER,
    params=VoGParams,
    group=Group.DIFFICULTY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(keep_hard=+1),
    needs=(Signal.INPUT_GRADIENT_SPREAD,),
    compute=_compute,
    range=_RANGE,
    high_means="What the networks look at kept changing: hard.",
    low_means="What the networks look at stayed the same: settled.",
    cost="One forward and input-gradient pass per kept checkpoint of the stage.",
    least_checkpoints=2,
)

VOG_EARLY = ScoreMethod(
    name="vog_early",
    title="VoG (early)",
    summary="How much the input gradient of the label's logit moved over the early stage of training.",
    paper=_PAPER,
    params=EarlyVoGParams,
    group=Group.DIFFICULTY,
    direction=Direction.NEUTRAL,
    inspect_first="neither",
    orientation=orient(),
    needs=(Signal.INPUT_GRADIENT_SPREAD,),
    compute=_compute_early,
    range=_RANGE,
    high_means="What the networks look at changed early on: often learned first.",
    low_means="What the networks look at did not move early on: not learned yet, or never.",
    cost="None beside vog: both stages come from one pass per kept checkpoint.",
    least_checkpoints=3,
)
