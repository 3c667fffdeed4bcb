"""Gradients and curvature of a whole network, one example and one class at a time: slow and obvious."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.GroupNorm, nn.LayerNorm)


def parameters_of(network: nn.Module) -> list[torch.Tensor]:
    """Weight and bias of every Linear, Conv and norm layer, in order of the modules' names."""
    named = sorted((n, m) for n, m in network.named_modules() if isinstance(m, LAYERS))
    return [p for _, m in named for p in (m.weight, m.bias) if p is not None]


def layer_columns(network: nn.Module) -> list[slice]:
    """Which columns of a gradient belong to which layer."""
    named = sorted((n, m) for n, m in network.named_modules() if isinstance(m, LAYERS))
    found, start = [], 0
    for _, module in named:
        size = sum(p.numel() for p in module.parameters())
        found.append(slice(start, start + size))
        start += size
    return found


def gradients(network: nn.Module, x: torch.Tensor, of_logits) -> np.ndarray:
    """[n, P] gradient of of_logits(logits [C], i), a scalar, for each example."""
    rows = []
    for i in range(len(x)):
        value = of_logits(network(x[i : i + 1])[0], i)
        parts = torch.autograd.grad(value, parameters_of(network), allow_unused=True)
        rows.append(torch.cat([p.flatten() for p in parts]).double().numpy())
    return np.stack(rows)


def loss_gradients(network: nn.Module, x: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """[n, P] of each example's cross-entropy."""
    return gradients(network, x, lambda z, i: nn.functional.cross_entropy(z[None], labels[i : i + 1]))


def margin_gradients(network: nn.Module, x: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """[n, P] of each example's log(p / (1 - p))."""

    def margin(z: torch.Tensor, i: int) -> torch.Tensor:
        p = z.softmax(0)[labels[i]]
        return torch.log(p / (1 - p))

    return gradients(network, x, margin)


def gauss_newton(network: nn.Module, x: torch.Tensor) -> np.ndarray:
    """[P, P] mean over rows of J' (diag(p) - p p') J."""
    with torch.no_grad():
        p = network(x).double().softmax(1).numpy()
    jacobians = np.stack([gradients(network, x, lambda z, i, c=c: z[c]) for c in range(p.shape[1])], axis=1)
    total = np.zeros((jacobians.shape[2],) * 2)
    for own, row in zip(jacobians, p, strict=True):
        total += own.T @ (np.diag(row) - np.outer(row, row)) @ own
    return total / len(p)
