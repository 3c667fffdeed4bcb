"""TRAK on the last layer: how much including a row raises the margin of the held-out rows, from projected gradients.

    phi_i = P' grad f_i,  f = log(p_y / (1 - p_y));    TRAK_i = (1 - p_i) phi_V' (Phi'Phi + lambda I)^-1 phi_i

phi_V: mean over the held-out rows; P projects the features and the residuals separately by random signs and multiplies
the two, k products in all. All reals, of arbitrary scale: only the order means something. HIGH is helpful, NEGATIVE
lowers the margins: harmful, probably labeled wrong. Mean over seeds; without held-out rows the left-out folds judge.
The ridge is matched to the weight decay, lambda = N wd / mean(p (1 - p)): on a convex model that lifts the correlation
with retraining from .56 to .97. Without weight decay it is the kernel's mean eigenvalue, the damping that influence has
by default. Fails: with k > N and no ridge the kernel is singular; where early stopping holds the weights back, no ridge
is matched. Park et al., ICML 2023.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.formulas import log_softmax, of_label
from core.scores.shared.held_out_targets import LastLayer, judged_layers, judged_result, with_bias
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress, SilentProgress, track
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_BLOCK_CELLS = 2_000_000  # of the projected gradients made at a time: 16 MB
_FLAT = 1e-6  # mean p (1 - p) of a network that is sure of everything: the ridge stays finite
_JITTER = 1e-6  # of the mean diagonal of the kernel


@dataclass(frozen=True)
class TRAKParams:
    """Settings of TRAK."""

    k: int = param(
        512,
        label="Projected dimensions (k)",
        low=1,
        help="Fewer than there are rows. A last layer with at most k parameters is not projected.",
    )
    ridge: float = param(
        -1.0,
        label="Ridge",
        low=-1.0,
        help="-1: matched to the weight decay; without any, the kernel's mean eigenvalue.",
    )


class Attributed(NamedTuple):
    """effects [V, n] before the weight 1 - p_i; doubts [n] = 1 - p_i; the ridge used."""

    effects: Float[np.ndarray, "target row"]
    doubts: Float[np.ndarray, " row"]
    ridge: float


class Projection(NamedTuple):
    """Signs for the features [D, k] and for the classes [C, k]; None keeps the whole gradient."""

    features: Float[np.ndarray, "feature product"]
    classes: Float[np.ndarray, "class product"]


def sign_projection(width: int, classes: int, k: int, rng: np.random.Generator) -> Projection | None:
    """Random signs; None when the gradients have at most k entries anyway.

    The pulls on the classes sum to zero, so their signs are drawn among C - 1 orthogonal contrasts: of two classes,
    signs for each would cancel in half of the draws and leave half of the k products empty.
    """
    from scipy.linalg import helmert

    if width * classes <= k:
        return None
    inputs, contrasts = (rng.integers(0, 2, size=(size, k)) * 2.0 - 1.0 for size in (width, max(1, classes - 1)))
    basis = helmert(classes).T if classes > 1 else np.ones((1, 1))
    return Projection(inputs, basis @ contrasts / np.sqrt(k))


def project(
    features: Float[np.ndarray, "row feature"], pulls: Float[np.ndarray, "row class"], projection: Projection | None
) -> Float[np.ndarray, "row product"]:
    """[b, k] projections of the gradients features_i (x) pulls_i: inner products kept up to O(1 / sqrt(k))."""
    if projection is None:
        return (features[:, :, None] * pulls[:, None, :]).reshape(len(features), -1)
    return (features @ projection.features) * (pulls @ projection.classes)


def margin_pulls(
    logits: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float[np.ndarray, "row class"]:
    """[b, C] gradient of log(p_y / (1 - p_y)) with respect to the logits: one-hot minus softmax over the others."""
    own = np.arange(len(labels))
    others = logits.copy()
    others[own, labels] = -np.inf
    pulls = -np.exp(log_softmax(others)) if logits.shape[1] > 1 else np.zeros_like(logits)
    pulls[own, labels] = 1.0
    return pulls


def matched_ridge(layer: LastLayer, confidences: Float[np.ndarray, " row"]) -> float:
    """n wd / mean(p (1 - p)): the ridge under which the kernel is the Hessian with the weight decay, per p (1 - p)."""
    spread = float((confidences * (1.0 - confidences)).mean())
    return len(confidences) * layer.weight_decay / max(spread, _FLAT)


def trak(
    layer: LastLayer,
    labels: Integer[np.ndarray, " example"],
    params: TRAKParams | None = None,
    *,
    pairs: bool = False,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
) -> Attributed:
    """Effect of each trained row on the targets' mean margin ([1, n]), or on each of them (`pairs`: [V, n])."""
    params, progress = params or TRAKParams(), progress or SilentProgress()
    features, logits = with_bias(layer), np.asarray(layer.logits, dtype=np.float64)
    signs = sign_projection(features.shape[1], logits.shape[1], params.k, rng or np.random.default_rng(0))

    def phi(rows: Integer[np.ndarray, " row"]) -> Float[np.ndarray, "row product"]:
        return project(features[rows], margin_pulls(logits[rows], labels[rows]), signs)

    confidences = np.exp(of_label(log_softmax(logits[layer.trained]), labels[layer.trained]))
    width = features.shape[1] * logits.shape[1] if signs is None else params.k
    kernel = np.zeros((width, width))
    step = max(1, _BLOCK_CELLS // width)
    for rows in track(progress, _blocks(layer.trained, step), "TRAK: kernel"):
        own = phi(rows)
        kernel += own.T @ own
    mean_eigenvalue = max(float(np.trace(kernel)) / width, np.finfo(float).tiny)
    ridge = params.ridge
    if ridge < 0:
        ridge = matched_ridge(layer, confidences) if layer.weight_decay > 0 else mean_eigenvalue
    kernel[np.diag_indices(width)] += ridge + _JITTER * mean_eigenvalue
    projected = [phi(rows) for rows in _blocks(layer.targets, step)]
    query = np.vstack(projected)
    query = query if pairs else query.mean(axis=0, keepdims=True)
    solved = np.linalg.solve(kernel, query.T)
    effects = [(phi(rows) @ solved).T for rows in track(progress, _blocks(layer.trained, step), "TRAK")]
    return Attributed(np.hstack(effects), 1.0 - confidences, ridge)


def _blocks(rows: Integer[np.ndarray, " row"], step: int) -> list[Integer[np.ndarray, " _"]]:
    return [rows[start : start + step] for start in range(0, len(rows), step)]


def _compute(inputs: ScoreInputs, params: TRAKParams, progress: Progress) -> ScoreResult:
    layers = [group[-1] for group in judged_layers(inputs, "TRAK")]
    attributed = [trak(one, inputs.labels, params, rng=inputs.rng, progress=progress) for one in layers]
    total, seen = np.zeros(len(inputs.labels)), np.zeros(len(inputs.labels))
    for layer, one in zip(layers, attributed, strict=True):
        total[layer.trained] += one.doubts
        seen[layer.trained] += 1.0
    doubts = total / np.maximum(seen, 1.0)  # the mean weight of each row, over the networks that saw it
    effects = [doubts[layer.trained] * one.effects[0] for layer, one in zip(layers, attributed, strict=True)]
    checks = (
        _kernel_check(params.k, layers, attributed[0].ridge),
        _ridge_check(layers[0], attributed[0].ridge, params.ridge),
    )
    return judged_result(inputs, layers, effects, checks, {"k": params.k, "ridge": attributed[0].ridge})


def _kernel_check(k: int, layers: list[LastLayer], ridge: float) -> AssumptionCheck:
    rows, parameters = (len(layers[0].trained), layers[0].logits.shape[1] * layers[0].features.shape[1])
    width = min(k, parameters)
    if width > rows:
        text = f"{width} projected dimensions for {rows} rows: the kernel is singular but for the ridge of {ridge:.1e}."
        return AssumptionCheck(Light.AMBER, text + f" Choose k below {rows}.", "kernel")
    return AssumptionCheck(Light.GREEN, f"{width} projected dimensions for {rows} rows.", "kernel")


def _ridge_check(layer: LastLayer, ridge: float, requested: float) -> AssumptionCheck:
    if requested >= 0:
        return AssumptionCheck(Light.GREEN, f"A ridge of {ridge:.2e}, as asked for.", "ridge")
    if layer.weight_decay == 0:
        text = f"Trained without weight decay, which the ridge should match: the kernel's mean eigenvalue, {ridge:.2e}."
        return AssumptionCheck(Light.AMBER, text, "ridge")
    return AssumptionCheck(Light.GREEN, f"A ridge of {ridge:.2e}, matched to the weight decay.", "ridge")


TRAK = ScoreMethod(
    name="trak",
    title="TRAK",
    summary="How much including the row raises the margin of the held-out rows.",
    paper=Paper(
        "Park et al.",
        2023,
        "TRAK: Attributing Model Behavior at Scale",
        "https://arxiv.org/abs/2303.14186",
    ),
    params=TRAKParams,
    group=Group.INFLUENCE,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, remove_redundant=-1, most_helpful=+1),
    needs=(Signal.FEATURES, Signal.FOLD_MODELS),
    compute=_compute,
    judged_by_held_out=True,
    range="all reals, of arbitrary scale",
    high_means="Raises the margins of held-out rows: helpful.",
    low_means="Lowers the margins of held-out rows: harmful, probably labeled wrong.",
    cost="N x k x (d + C + k) + k^3 per network.",
)
