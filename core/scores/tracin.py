"""TracIn: how much training on a row lowered the held-out loss, to first order.

    TracIn_i = sum over kept checkpoints k of  lr_k <g_i^k, g_V^k>,    g_V: mean loss gradient of the held-out rows

(last layer, g_i = h_i (x) delta_i; mean over seeds). The held-out rows are contracted to one query per checkpoint, so
the cost is that of a product with the features. All reals; HIGH is helpful, NEGATIVE raises the held-out loss: harmful,
probably labeled wrong. Without held-out rows the left-out fold judges each cross-fitted network. `normalized` takes the
mean cosine instead, in [-1, 1]: plain TracIn is dominated by rows with large gradients. Fails: late checkpoints add
little, and the last layer loses its signal once it saturates; keep checkpoints while the loss still falls. Learning
rates that were not recorded count as equal. Pruthi et al., NeurIPS 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.checkpoints import checkpoints_check
from core.scores.shared.formulas import residual
from core.scores.shared.held_out_targets import LastLayer, judged_layers, judged_result, target_gradient, with_bias
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress, track
from core.types.scores import ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class TracInParams:
    """Settings of TracIn."""

    normalized: bool = param(False, label="Normalized", help="Cosine of the gradients: their size plays no part.")


def tracin_on_targets(
    layer: LastLayer, labels: Integer[np.ndarray, " example"], normalized: bool = False
) -> Float64[np.ndarray, " row"]:
    """[n] float64 inner product (or cosine) of each trained row's last-layer gradient with the targets' mean one."""
    features = with_bias(layer)
    query, own = target_gradient(layer, features, labels), features[layer.trained]
    deltas = residual(np.asarray(layer.logits[layer.trained], dtype=np.float64), labels[layer.trained])
    product = ((own @ query) * deltas).sum(axis=1)
    if not normalized:
        return product
    size = np.sqrt((own**2).sum(axis=1) * (deltas**2).sum(axis=1)) * np.linalg.norm(query)
    return np.divide(product, size, out=np.zeros_like(product), where=size > 0)


def _compute(inputs: ScoreInputs, params: TracInParams, progress: Progress) -> ScoreResult:
    grouped = judged_layers(inputs, "TracIn")
    known = all(layer.learning_rate > 0 for group in grouped for layer in group)
    effects = [np.zeros(len(group[0].trained)) for group in grouped]
    steps = [(n, layer) for n, group in enumerate(grouped) for layer in group]
    for n, layer in track(progress, steps, "TracIn"):
        weight = 1.0 / len(grouped[n]) if params.normalized else layer.learning_rate if known else 1.0
        effects[n] += weight * tracin_on_targets(layer, inputs.labels, params.normalized)
    meta = {"checkpoints": len(grouped[0]), "learning_rates_known": known, "normalized": params.normalized}
    check = checkpoints_check(len(grouped[0]), known or params.normalized, "Read at", "of each network")
    return judged_result(inputs, [group[-1] for group in grouped], effects, (check,), meta)


TRACIN = ScoreMethod(
    name="tracin",
    title="TracIn",
    summary="How much training on a row lowered the held-out loss.",
    paper=Paper(
        "Pruthi et al.",
        2020,
        "Estimating Training Data Influence by Tracing Gradient Descent",
        "https://arxiv.org/abs/2002.08484",
    ),
    params=TracInParams,
    group=Group.INFLUENCE,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, remove_redundant=-1, most_helpful=+1),
    needs=(Signal.FEATURES, Signal.FOLD_MODELS),
    compute=_compute,
    judged_by_held_out=True,
    range="all reals (normalized: -1 to 1)",
    high_means="Its updates lowered the held-out loss: helpful.",
    low_means="Its updates raised the held-out loss: harmful, probably labeled wrong.",
    cost="One forward pass per kept checkpoint, then K x (N + V) x d x C for K checkpoints.",
)
