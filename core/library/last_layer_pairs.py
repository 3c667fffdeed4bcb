"""The last layer of a person's own network as the convex problem that the solvers of `influence` take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.scores.shared.formulas import residual
from core.scores.shared.held_out_targets import LastLayer, with_bias
from core.scores.shared.last_layer.influence import SolveParams, influence_on_each_target
from core.scores.shared.last_layer.solvers import SOLVER_NAMES
from core.types.errors import ModelError, in_words
from core.types.progress import Progress

if TYPE_CHECKING:
    from torch import nn
    from torch.nn import Linear

    from core.numerics.tapped import Rows

LAST_LAYER_METHODS = (*SOLVER_NAMES, "tracin", "tracin_normalized")


def last_layer_pairs(
    network: nn.Module,
    train: Rows,
    targets: Rows,
    method: str,
    params: SolveParams,
    decay: float,
    progress: Progress,
) -> np.ndarray:
    """[V, N] float64 of each training row on each target, through the weights of the last Linear layer alone."""
    layer, labels = last_layer_of(network, train, targets, decay, progress)
    if method in ("tracin", "tracin_normalized"):
        return tracin_on_each_target(layer, labels, method == "tracin_normalized")
    return influence_on_each_target(layer, labels, replace(params, solver=method), progress)


def tracin_on_each_target(layer: LastLayer, labels: np.ndarray, normalized: bool = False) -> np.ndarray:
    """[V, n] float64 inner product (or cosine) of each target's last-layer gradient with each trained row's."""
    features, logits = with_bias(layer), np.asarray(layer.logits, dtype=np.float64)
    targets, own = layer.targets, layer.trained
    deltas = residual(logits, labels)
    product = (features[targets] @ features[own].T) * (deltas[targets] @ deltas[own].T)
    if not normalized:
        return product
    size = np.sqrt((features**2).sum(axis=1) * (deltas**2).sum(axis=1))
    scale = np.outer(size[targets], size[own])
    return np.divide(product, scale, out=np.zeros_like(product), where=scale > 0)


def last_layer_of(
    network: nn.Module, train: Rows, targets: Rows, decay: float, progress: Progress
) -> tuple[LastLayer, np.ndarray]:
    """(the layer over training rows and then targets, their labels). What stands before it is run and not asked.

    Raises `ModelError` without such a layer.
    """
    from torch.nn import Linear

    heads = [module for module in network.modules() if isinstance(module, Linear)]
    if not heads:
        raise ModelError("The network has no Linear layer.", "Give one whose logits come from a Linear layer.")
    with in_words("The network failed on these data"):
        parts = [_seen(network, heads[-1], rows, progress) for rows in (train, targets)]
    features, logits = (np.vstack([part[i] for part in parts]) for i in range(2))
    n, every = len(train), len(train) + len(targets)
    labels = np.concatenate([rows.labels.cpu().numpy() for rows in (train, targets)])
    order = np.arange(every)
    return LastLayer(features, logits, order[:n], order[n:], decay, heads[-1].bias is not None), labels


def _seen(network: nn.Module, head: Linear, rows: Rows, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [n, d] of the last layer and its outputs [n, C], which must be the network's."""
    import torch

    from core.numerics.batches import batch_for, evaluating

    caught: list[Any] = []
    features, logits = [], []
    handle = head.register_forward_pre_hook(lambda _, args: caught.append(args[0]))
    try:
        with evaluating(network), torch.inference_mode():
            size = batch_for(network, rows[:1].x)
            for start in range(0, len(rows), size):
                caught.clear()
                out = network(rows[start : start + size].x)
                if len(caught) != 1 or not _makes(head, caught[0], out):
                    raise ModelError("The last Linear layer does not make the logits.", "Take all layers instead.")
                features.append(caught[0].float().cpu().numpy())
                logits.append(out.float().cpu().numpy())
                progress.advance()
    finally:
        handle.remove()
    return np.concatenate(features), np.concatenate(logits)


def _makes(head: Linear, features: Any, logits: Any) -> bool:
    """Whether these logits are what the layer makes of one vector per example; asked of its weights, past its hook."""
    import torch

    if features.dim() != 2 or logits.shape != (len(features), head.out_features):
        return False
    made = torch.nn.functional.linear(features, head.weight, head.bias)
    return torch.allclose(made, logits, rtol=1e-3, atol=1e-4, equal_nan=True)
