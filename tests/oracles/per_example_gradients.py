"""Slow, obvious per-example quantities: one example, one backward, everything kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap


def loss_gradient_norms(network: nn.Module, x: Any, targets: Tensor) -> np.ndarray:
    """[b] norm of each example's cross-entropy gradient over all parameters, by vmap(grad) of the whole network."""
    parameters = {k: v.detach() for k, v in network.named_parameters()}

    def loss(weights: dict[str, Tensor], one: Any, target: Tensor) -> Tensor:
        alone = tuple(v[None] for v in one) if isinstance(one, tuple) else one[None]
        return nn.functional.cross_entropy(functional_call(network, weights, (alone,)), target[None])

    gradients = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, x, targets)
    return torch.cat([g.flatten(1) for g in gradients.values()], dim=1).norm(dim=1).numpy()


def loop_gradient_norms(network: nn.Module, x: Any, targets: Tensor) -> np.ndarray:
    """[b] the same, one backward at a time, for networks that vmap cannot batch."""
    norms = []
    for i in range(len(targets)):
        network.zero_grad()
        one = tuple(v[i : i + 1] for v in x) if isinstance(x, tuple) else x[i : i + 1]
        nn.functional.cross_entropy(network(one), targets[i : i + 1]).backward()
        squares = [float(p.grad.square().sum()) for p in network.parameters() if p.grad is not None]
        norms.append(np.sqrt(sum(squares)))
    network.zero_grad()
    return np.array(norms)


def input_gradient(network: Any, x: Any, target: int) -> np.ndarray:
    """[positions] gradient of one logit by one example's input [1, ...]: channels or tokens averaged."""
    embedded = network.embed(x).detach().requires_grad_()
    network.head(network.features_from(embedded))[0, target].backward()
    gradient = embedded.grad[0]
    if isinstance(x, tuple):
        return gradient[x[0][0] != 0].mean(0).numpy()
    return (gradient.mean(0) if gradient.dim() == 3 else gradient).flatten().numpy()
