"""Networks and the rows that judge them: what influence, TracIn and TRAK measure the effect of a training row on.

With held-out rows, those judge every seed's network. Without, the fold that a cross-fitted network left out judges it,
and a row's value is its mean over the networks that trained on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Integer

from core.scores.method import ScoreInputs
from core.scores.shared.assumptions import agreement_check, fit_check, skill, training_rows_only, undefined_rows
from core.scores.shared.checkpoints import by_seed, features_of
from core.scores.shared.formulas import residual
from core.scores.shared.targets import target_check
from core.types.errors import CurationError, DataError
from core.types.scores import AssumptionCheck, ScoreResult


class LastLayer(NamedTuple):
    """A fitted last layer: what it saw of all N rows, the rows it was trained on, and those it is judged by."""

    features: Float[np.ndarray, "example feature"]
    logits: Float[np.ndarray, "example class"]
    trained: Integer[np.ndarray, " row"]
    targets: Integer[np.ndarray, " target"]
    weight_decay: float
    has_bias: bool
    learning_rate: float = 1.0


def judged_layers(inputs: ScoreInputs, title: str) -> list[list[LastLayer]]:
    """For each seed its kept checkpoints after epoch 0, in order; without held-out rows, for each fold its network.

    Raises `DataError` without training rows and `CurationError` when nothing is left to judge by.
    """
    train, held_out = inputs.examples.train_rows, inputs.examples.held_out_rows
    if len(train) == 0:
        raise DataError(f"{title} needs labeled training rows.", "Check the label and split columns.")
    if len(held_out):
        return [_of_seed(inputs, group, train, held_out) for group in by_seed(inputs.checkpoints)]
    folds = []
    for fold in inputs.fold_models:
        inside = fold.trained[train]
        if not inside.all() and inside.any():
            folds.append(
                [LastLayer(fold.features, fold.logits, train[inside], train[~inside], fold.weight_decay, fold.has_bias)]
            )
    if not folds:
        raise CurationError(f"{title} needs held-out rows, or networks that left a fold out.", "Give a held-out split.")
    return folds


def _of_seed(
    inputs: ScoreInputs, group: Sequence, train: Integer[np.ndarray, " row"], held_out: Integer[np.ndarray, " target"]
) -> list[LastLayer]:
    decay, trained = inputs.evidence.weight_decay, [c for c in group if c.checkpoint.epoch > 0]
    return [
        LastLayer(features_of(c), c.logits, train, held_out, decay, c.has_bias, c.checkpoint.learning_rate)
        for c in trained or group
    ]


def with_bias(layer: LastLayer) -> Float64[np.ndarray, "example parameter"]:
    """[N, D] float64 features, a column of ones last with a bias; `CurationError` names a row that is not finite."""
    features = np.asarray(layer.features, dtype=np.float64)
    for name, array in (("features", features), ("logits", layer.logits)):
        bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
        if len(bad):
            raise CurationError(f"The {name} of row {bad[0]} are not finite.", "Look at that row's input.")
    return np.hstack([features, np.ones((len(features), 1))]) if layer.has_bias else features


def target_gradient(
    layer: LastLayer, features: Float[np.ndarray, "example feature"], labels: Integer[np.ndarray, " example"]
) -> Float64[np.ndarray, "feature class"]:
    """[D, C] gradient of the targets' mean loss: the one query that every training row is contracted with."""
    logits = np.asarray(layer.logits[layer.targets], dtype=np.float64)
    return features[layer.targets].T @ residual(logits, labels[layer.targets]) / len(layer.targets)


def target_accuracy(layer: LastLayer, labels: Integer[np.ndarray, " example"]) -> float:
    """Share of the targets whose given label is predicted."""
    return float((np.asarray(layer.logits[layer.targets]).argmax(axis=1) == labels[layer.targets]).mean())


def judged_result(
    inputs: ScoreInputs,
    layers: Sequence[LastLayer],
    effects: Sequence[Float[np.ndarray, " _"]],
    checks: tuple[AssumptionCheck, ...],
    meta: dict[str, Any],
    parts: Sequence[Float[np.ndarray, "_ _"]] | None = None,
) -> ScoreResult:
    """The result of one effect per network, [n] over its trained rows: their mean over the networks that saw a row.

    parts: independent estimates [B, n] of each effect, when there are any: their spread is then the result's.
    """
    every, values = _over_networks(inputs, layers, effects)
    held_out = len(inputs.examples.held_out_rows) > 0
    accuracy = float(np.mean([target_accuracy(layer, inputs.labels) for layer in layers]))
    judged = sum(len(layer.targets) for layer in layers) // (len(layers) if held_out else 1)
    common = (
        target_check(held_out, judged, "judged by", "left-out training rows"),
        fit_check(accuracy, inputs.labels, "On the targets, the networks"),
        *checks,
        agreement_check(every, "seeds" if held_out else "folds"),
    )
    spread = every.astype(np.float32) if held_out else None
    if parts is not None:
        spread = np.stack([_over_networks(inputs, layers, one)[1] for one in zip(*parts, strict=True)])
    reasons = {**training_rows_only(inputs.examples), "row that no fold trained on": np.isnan(values)}
    about = {"targets_are": "held-out rows" if held_out else "left-out folds", "networks": len(effects)}
    return ScoreResult(
        values.astype(np.float32),
        per_seed=spread,
        undefined=undefined_rows(reasons)[1],
        checks=common,
        skill=skill(accuracy, inputs.labels),
        meta={**about, **meta, "target_accuracy": accuracy},
    )


def _over_networks(
    inputs: ScoreInputs, layers: Sequence[LastLayer], effects: Sequence[Float[np.ndarray, " _"]]
) -> tuple[Float64[np.ndarray, "network example"], Float64[np.ndarray, " example"]]:
    """([networks, N] with NaN where a network did not see a row, [N] mean over those that did)."""
    every = np.full((len(effects), len(inputs.labels)), np.nan)
    for values, layer, effect in zip(every, layers, effects, strict=True):
        values[layer.trained] = effect
    seen = np.isfinite(every).sum(axis=0)
    return every, np.divide(np.nansum(every, axis=0), seen, out=np.full(len(seen), np.nan), where=seen > 0)
