"""GradNorm for out-of-distribution rows: how strongly the last layer would be pulled towards a uniform prediction.

    gradnorm_ood_i = ||h_i||_1 ||softmax(z_i / t) - 1/C||_1 / t      (mean over seeds and the kept epochs read)

the L1 norm of the gradient of KL(uniform || softmax(z / t)) with respect to the last layer's weights, in closed form
(the published code sums over C classes instead of averaging: C times this, the same order). From 0 (uniform logits) up.
HIGH is in distribution, LOW is out of it. Needs no label. Fails: a weak detector of wrong labels (AUROC .71 to .83 on
digits); confuses easy classes with in-distribution and takes features to be non-negative (after a ReLU). Read at the
last epoch by default, as published. Huang, Geng & Li, NeurIPS 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.checkpoints import feature_blocks, features_of, score_checkpoints
from core.scores.shared.epochs import EpochParams
from core.scores.shared.formulas import softmax
from core.types.evidence import CheckpointEvidence
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_SIGN_ROWS = 32_768  # enough rows to tell the share of negative features to a tenth of a percent


@dataclass(frozen=True)
class GradNormParams(EpochParams):
    """Settings of GradNorm."""

    epochs: str = param("last", label="Epochs", help="auto, last, mean, or the number of one epoch.")
    temperature: float = param(1.0, label="Temperature", low=0.01, help="Divides the logits; 1 as published.")


def gradnorm(one: CheckpointEvidence, temperature: float = 1.0) -> Float64[np.ndarray, " example"]:
    """[N] float64: ||h||_1 ||softmax(z / temperature) - 1/C||_1 / temperature at one checkpoint."""
    features, out = features_of(one), np.empty(len(one.logits))
    for part in feature_blocks(one):
        p = softmax(np.asarray(one.logits[part], dtype=np.float64) / temperature)
        from_uniform = np.abs(p - 1.0 / p.shape[1]).sum(axis=1)
        out[part] = np.abs(np.asarray(features[part], dtype=np.float64)).sum(axis=1) * from_uniform / temperature
    return out


def _compute(inputs: ScoreInputs, params: GradNormParams, progress: Progress) -> ScoreResult:
    return score_checkpoints(
        inputs,
        lambda one, labels: gradnorm(one, params.temperature),
        params.epochs,
        progress,
        "GradNorm",
        needs_label=False,
        more_checks=(_sign_check(inputs),),
    )


def _sign_check(inputs: ScoreInputs) -> AssumptionCheck:
    share = float((np.asarray(features_of(inputs.checkpoints[-1])[:_SIGN_ROWS]) < 0).mean())
    light = Light.GREEN if share == 0.0 else Light.AMBER
    return AssumptionCheck(light, f"{share:.1%} of the features are negative; the method assumes none.", "features")


GRADNORM_OOD = ScoreMethod(
    name="gradnorm_ood",
    title="GradNorm (out of distribution)",
    summary="How strongly the last layer would be pulled towards a uniform prediction.",
    paper=Paper(
        "Huang, Geng & Li",
        2021,
        "On the Importance of Gradients for Detecting Distributional Shifts in the Wild",
        "https://arxiv.org/abs/2110.00218",
    ),
    params=GradNormParams,
    group=Group.DIFFICULTY,
    direction=Direction.IN_DISTRIBUTION,
    inspect_first="lowest",
    orientation=orient(keep_clean_core=+1, find_ood=-1),
    needs=(Signal.FEATURES,),
    compute=_compute,
    range="0 and up",
    high_means="Strong features and a decided prediction: in distribution.",
    low_means="Weak features or an undecided prediction: perhaps not from this data.",
    cost="One forward pass per kept checkpoint read, then N x (d + C).",
)
