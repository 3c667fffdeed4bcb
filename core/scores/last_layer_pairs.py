"""The last layer of a person's own network as the convex problem that the solvers of `influence` take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from core.scores.influence import InfluenceParams, influence_on_each_target
from core.scores.judged import LastLayer
from core.scores.last_layer_solvers import SOLVERS
from core.scores.tracin import tracin_on_each_target
from core.types.errors import ModelError
from core.types.progress import Progress

if TYPE_CHECKING:
    from torch import nn

    from core.numerics.walk import Rows

LAST_LAYER_METHODS = (*SOLVERS, "tracin", "tracin_normalized")


def last_layer_pairs(
    network: nn.Module,
    train: Rows,
    targets: Rows,
    method: str,
    params: InfluenceParams,
    decay: float,
    progress: Progress,
) -> np.ndarray:
    """[V, N] float64 of each training row on each target, through the weights of the last Linear layer alone."""
    layer, labels = last_layer_of(network, train, targets, decay, progress)
    if method in ("tracin", "tracin_normalized"):
        return tracin_on_each_target(layer, labels, method == "tracin_normalized")
    return influence_on_each_target(layer, labels, replace(params, solver=method), progress)


def last_layer_of(
    network: nn.Module, train: Rows, targets: Rows, decay: float, progress: Progress
) -> tuple[LastLayer, np.ndarray]:
    """(the layer over training rows and then targets, their labels). Raises `ModelError` without such a layer."""
    from torch.nn import Linear

    from core.numerics.walk import Walk

    heads = [(name, module) for name, module in network.named_modules() if isinstance(module, Linear)]
    if not heads:
        raise ModelError("The network has no Linear layer.", "Give one whose logits come from a Linear layer.")
    name, head = heads[-1]
    features, logits = [], []
    with Walk(network, progress=progress) as walk:
        walk.check(train)
        for rows in (train, targets):
            found = walk.held(rows)[name]
            if not hasattr(found, "vectors") or found.shape[0] != walk.logits(rows[:1]).shape[1]:
                raise ModelError("The last Linear layer does not make the logits.", "Take all layers instead.")
            features.append(found.vectors()[0].cpu().numpy()[:, : head.in_features])
            logits.append(walk.logits(rows).cpu().numpy())
    n, every = len(train), len(train) + len(targets)
    labels = np.concatenate([rows.labels.cpu().numpy() for rows in (train, targets)])
    order = np.arange(every)
    layer = LastLayer(np.vstack(features), np.vstack(logits), order[:n], order[n:], decay, head.bias is not None)
    return layer, labels
