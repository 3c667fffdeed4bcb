"""Outlier gradient: how far a row's gradient lies from the gradients of the training rows.

    g_i = (p_i - onehot(y_i)) [h_i, 1]'   gradient of the last layer; mean over seeds and the kept epochs read of
    distance:  ||g_i - mean_j g_j||,   from  ||g_i||^2 - 2 <g_i, mean> + ||mean||^2  in closed form, O(N C d)
    l2, l1:    ||g_i||_2 = ||p - onehot||_2 ||[h, 1]||_2, and the same with sums of absolute values
    forest:    minus an isolation forest's score of g_i, as published

From 0 up (forest: 0 to 1). High: pulls the network elsewhere than the others do, so harmful: mislabeled, or rare. The
forest must see the gradients themselves (C d numbers a row): it is fitted on as many rows as 80 MB hold, and scores the
others in blocks. It finds no more wrong labels than the plain distance does (digits: .972 against .974 at 20 % noise).
Fails: at convergence memorized errors have tiny gradients (.87 at 40 %), and it is often no more than a length: so the
rank correlation with the plain length (`l2`) always stands beside the others. No share of outliers is guessed, as only
the order counts. Chhabra et al., ICML 2025.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float64, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.checkpoints import features_of, score_checkpoints
from core.scores.shared.epochs import EpochParams
from core.scores.shared.formulas import residual
from core.types.errors import CurationError, DataError
from core.types.evidence import CheckpointEvidence
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress, SilentProgress
from core.types.ranks import spearman
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_BLOCK_ROWS = 2_048  # in float64, those of a small network stay in the second cache
_BLOCK_CELLS = 4_000_000  # of gradients scored by the forest at a time: 16 MB
_FOREST_CELLS = 20_000_000  # of gradients that the forest is fitted on: 80 MB


@dataclass(frozen=True)
class OutlierGradientParams(EpochParams):
    """Settings of the outlier gradient."""

    detector: str = param(
        "distance",
        label="Outliers by",
        choices=("distance", "l2", "l1", "forest"),
        help="Distance to the mean gradient, its plain length, or an isolation forest (slower, as published).",
    )
    trees: int = param(100, label="Trees", low=1, high=1000, help="Of the forest.")


def gradient_parts(
    one: CheckpointEvidence, labels: Integer[np.ndarray, " example"], rows: Integer[np.ndarray, " row"]
) -> tuple[Float64[np.ndarray, "row class"], Float64[np.ndarray, "row feature"]]:
    """(delta [b, C], h [b, d or d + 1 with bias]) float64: the last layer's gradient of a row is delta h'."""
    delta, h = _halves(one, labels, rows)
    if one.has_bias:
        h = np.hstack([h, np.ones((len(h), 1))])
    _refuse_endless(delta.sum(axis=1) + h.sum(axis=1), rows, one)
    return delta, h


def _halves(
    one: CheckpointEvidence, labels: Integer[np.ndarray, " example"], rows: Integer[np.ndarray, " row"]
) -> tuple[Float64[np.ndarray, "row class"], Float64[np.ndarray, "row feature"]]:
    """(delta [b, C], h [b, d]) float64, without the bias's column."""
    delta = residual(np.asarray(one.logits[rows], dtype=np.float64), labels[rows])
    return delta, features_of(one)[rows].astype(np.float64)


def _refuse_endless(
    values: Float[np.ndarray, " row"], rows: Integer[np.ndarray, " row"], one: CheckpointEvidence
) -> None:
    """values [b]: not finite where a row's gradient is not."""
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise CurationError(
            f"Row {rows[bad[0]]} has no finite gradient at epoch {one.checkpoint.epoch}.", "Look at that row's input."
        )


def distance_to_mean(
    one: CheckpointEvidence, labels: Integer[np.ndarray, " example"], train: Integer[np.ndarray, " row"]
) -> Float64[np.ndarray, " example"]:
    """[N] float64 ||g_i - mean of g over `train`||; never more than a block of rows times (C + d) numbers.

    A gradient is delta h', so its product with the mean M is delta' M h: no column for the bias is ever formed.
    """
    weight = np.bincount(train, minlength=len(labels)) / len(train)
    mean, mean_bias, squares = np.zeros(()), np.zeros(()), np.empty(len(labels))
    everyone = np.arange(len(labels))
    for part in _blocks(everyone, _BLOCK_ROWS):
        delta, h = _halves(one, labels, part)
        squares[part] = np.einsum("nc,nc->n", delta, delta) * (np.einsum("nd,nd->n", h, h) + one.has_bias)
        _refuse_endless(squares[part], part, one)
        weighted = delta * weight[part, None]
        mean, mean_bias = mean + weighted.T @ h, mean_bias + one.has_bias * weighted.sum(axis=0)
    for part in _blocks(everyone, _BLOCK_ROWS):
        delta, h = _halves(one, labels, part)
        squares[part] -= 2.0 * np.einsum("nc,nc->n", h @ mean.T + mean_bias, delta)
    return np.sqrt(np.maximum(squares + (mean**2).sum() + (mean_bias**2).sum(), 0.0))


def gradient_length(
    one: CheckpointEvidence, labels: Integer[np.ndarray, " example"], power: int
) -> Float64[np.ndarray, " example"]:
    """[N] float64 L1 or L2 norm of g_i: that of an outer product is the product of the norms."""
    out = np.empty(len(labels))
    for part in _blocks(np.arange(len(labels)), _BLOCK_ROWS):
        delta, h = gradient_parts(one, labels, part)
        out[part] = np.linalg.norm(delta, power, axis=1) * np.linalg.norm(h, power, axis=1)
    return out


def forest_score(
    one: CheckpointEvidence,
    labels: Integer[np.ndarray, " example"],
    train: Integer[np.ndarray, " row"],
    trees: int,
    seed: int,
) -> Float64[np.ndarray, " example"]:
    """[N] float64 in (0, 1), high is isolated: scikit-learn's isolation forest on the last layer's gradients."""
    from sklearn.ensemble import IsolationForest

    width = one.logits.shape[1] * (features_of(one).shape[1] + one.has_bias)
    most = max(2, _FOREST_CELLS // width)
    fitted = train if len(train) <= most else np.random.default_rng(seed).choice(train, most, replace=False)
    forest = IsolationForest(n_estimators=trees, random_state=seed, n_jobs=1).fit(_flat(one, labels, fitted))
    out = np.empty(len(labels))
    for part in _blocks(np.arange(len(labels)), max(1, _BLOCK_CELLS // width)):
        out[part] = -forest.score_samples(_flat(one, labels, part))
    return out


def _flat(
    one: CheckpointEvidence, labels: Integer[np.ndarray, " example"], rows: Integer[np.ndarray, " row"]
) -> Float[np.ndarray, "row parameter"]:
    delta, h = (half.astype(np.float32) for half in gradient_parts(one, labels, rows))
    return (delta[:, :, None] * h[:, None, :]).reshape(len(rows), -1)


def _blocks(rows: Integer[np.ndarray, " row"], size: int) -> list[Integer[np.ndarray, " _"]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _compute(inputs: ScoreInputs, params: OutlierGradientParams, progress: Progress) -> ScoreResult:
    train = inputs.examples.train_rows
    if len(train) == 0 and inputs.checkpoints:
        raise DataError("No labeled training row is left to compare gradients with.", "Check the label column.")

    def formula(one: CheckpointEvidence, labels: Integer[np.ndarray, " example"]) -> Float[np.ndarray, " example"]:
        if params.detector == "forest":
            return forest_score(one, labels, train, params.trees, inputs.seed)
        if params.detector in ("l1", "l2"):
            return gradient_length(one, labels, int(params.detector[1]))
        return distance_to_mean(one, labels, train)

    result = score_checkpoints(inputs, formula, params.epochs, progress, "Outlier gradient")
    return result if params.detector == "l2" else _beside_length(inputs, params, result)


def _beside_length(inputs: ScoreInputs, params: OutlierGradientParams, result: ScoreResult) -> ScoreResult:
    """The result with how far its order is that of the plain length, which a detector must add something to."""
    plain = score_checkpoints(inputs, lambda c, y: gradient_length(c, y, 2), params.epochs, SilentProgress(), "")
    alike = spearman(result.values, plain.values)
    text = f"Its order has a rank correlation of {alike:.2f} with the plain length of the gradient (l2)."
    check = AssumptionCheck(Light.GREEN if alike < 0.98 else Light.AMBER, text, "plain length")
    return replace(result, checks=(*result.checks, check), meta={**result.meta, "rank_correlation_with_l2": alike})


OUTLIER_GRADIENT = ScoreMethod(
    name="outlier_gradient",
    title="Outlier gradient",
    summary="How far a row's gradient lies from those of the training rows.",
    paper=Paper(
        "Chhabra et al.",
        2025,
        "Outlier Gradient Analysis: Efficiently Identifying Detrimental Training Samples for Deep Learning Models",
        "https://arxiv.org/abs/2405.03869",
    ),
    params=OutlierGradientParams,
    group=Group.INFLUENCE,
    direction=Direction.NOISY,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_hard=+1, keep_clean_core=-1, find_ood=+1),
    needs=(Signal.FEATURES,),
    compute=_compute,
    range="0 and up (forest: 0 to 1)",
    high_means="Pulls the network elsewhere than other rows do: labeled wrong, or rare.",
    low_means="Pulls where the others pull, or hardly at all: typical.",
    cost="One forward pass per kept checkpoint read, then N x C x d; the forest N x trees more.",
)
