"""Influence between rows through all linear layers of one network: which inverse Hessian, and for which rows.

Gradients of training rows are never multiplied out where a layer has one position.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from .ekfac import fit_curvature
from .factors import Factors, inner_products
from .gauss_newton import factorized, strongest_directions
from .walk import Gradients, Rows, Walk, products, squares, total

_QUERY_CELLS = 2**26  # of queries held at a time: 256 MB
_DATAINF_SHARE = 0.1  # of the mean squared gradient entry: DataInf's damping as published


class Kernel(Protocol):
    """An inverse Hessian among gradients."""

    def against(self, gradients: Gradients, train: Rows) -> Tensor:
        """[V, N] G' H^-1 g_i with the gradient of each training row's loss."""

    def of_itself(self, factors: Mapping[str, Factors]) -> Tensor:
        """[b] G' H^-1 G."""


class Plain:
    """H = I: TracIn at one checkpoint."""

    def __init__(self, walk: Walk):
        self.walk = walk

    def against(self, gradients: Gradients, train: Rows) -> Tensor:
        return torch.cat([products(gradients, layers) for _, layers in self.walk.losses(train)], dim=1)

    def of_itself(self, factors: Mapping[str, Factors]) -> Tensor:
        return squares(factors)


class EKFAC(Plain):
    """The inverse of the true Fisher in the corrected eigenbasis of each layer."""

    def __init__(self, walk: Walk, train: Rows, damping: float, ridge: float):
        super().__init__(walk)
        self.layers = fit_curvature(lambda: walk.sampled(train), damping, ridge)

    def against(self, gradients: Gradients, train: Rows) -> Tensor:
        return super().against({name: self.layers[name].solved(one) for name, one in gradients.items()}, train)

    def of_itself(self, factors: Mapping[str, Factors]) -> Tensor:
        return total(self.layers[name].quadratic(one) for name, one in factors.items())


class GaussNewton(Plain):
    """All layers together, by the `count` strongest directions of curvature."""

    def __init__(self, walk: Walk, train: Rows, damping: float, ridge: float, count: int):
        super().__init__(walk)
        parameters, dense = _cells(walk, train)
        found = strongest_directions(walk.logits(train), min(count, _QUERY_CELLS // max(dense, 1)))
        self.directions = walk.held(train[found.rows], found.pulls)
        kernel = products(self.directions, self.directions)
        self.inverse = factorized(kernel, len(train), parameters, found.share, damping, ridge)

    def against(self, gradients: Gradients, train: Rows) -> Tensor:
        """[V, N], through the inverse of the curvature in its strongest directions and the damping in all others."""
        weights = self.inverse.coefficients(products(gradients, self.directions))
        parts = [
            products(gradients, layers) - weights @ products(self.directions, layers)
            for _, layers in self.walk.losses(train)
        ]
        return torch.cat(parts, dim=1) / self.inverse.damping

    def of_itself(self, factors: Mapping[str, Factors]) -> Tensor:
        """[b], through the same inverse."""
        taken = self.inverse.halves(products(factors, self.directions))
        return (squares(factors) - taken) / self.inverse.damping


class DataInf(Plain):
    """The mean over rows of the inverses of single-row curvatures, layer by layer, lambda as published by default.

        H^-1 G = (1 / lambda) (G - (1/N) sum_i g_i (g_i . G) / (lambda + ||g_i||^2))

    Two products per layer: G with every training row, and the rows weighted by it. Kwon et al., ICLR 2024.
    """

    def __init__(self, walk: Walk, train: Rows, share: float = _DATAINF_SHARE):
        super().__init__(walk)
        self.train = train
        parts = [{name: (one.squares(), one.shape) for name, one in layers.items()} for _, layers in walk.losses(train)]
        self.squares = {name: torch.cat([part[name][0] for part in parts]) for name in parts[0]}
        cells = {name: shape[0] * shape[1] for name, (_, shape) in parts[0].items()}
        self.damping = {
            name: max(share * float(one.double().mean()) / cells[name], torch.finfo(torch.float32).tiny)
            for name, one in self.squares.items()
        }

    def against(self, gradients: Gradients, train: Rows) -> Tensor:
        """[V, N], through the mean of the inverses of single rows."""
        whole = {n: one.matrices() if isinstance(one, Factors) else one for n, one in gradients.items()}
        pulled = {name: torch.zeros_like(one) for name, one in whole.items()}
        for rows, layers in self.walk.losses(self.train):
            for name, one in layers.items():
                met = products({name: gradients[name]}, {name: one})
                pulled[name] += one.weighted_sum(met / (self.damping[name] + self.squares[name][rows]))
        queries = {n: (one - pulled[n] / len(self.train)) / self.damping[n] for n, one in whole.items()}
        return super().against(queries, train)

    def of_itself(self, factors: Mapping[str, Factors]) -> Tensor:
        """[b], through the same mean."""
        left = {name: one.squares() for name, one in factors.items()}
        for rows, layers in self.walk.losses(self.train):
            for name, one in layers.items():
                met = inner_products(factors[name], one).square() / (self.damping[name] + self.squares[name][rows])
                left[name] = left[name] - met.sum(1) / len(self.train)
        return total(one / self.damping[name] for name, one in left.items())


def _cells(walk: Walk, rows: Rows) -> tuple[int, int]:
    """(parameters of all linear layers, those of layers with several positions)."""
    layers = walk.held(rows[:1])
    dense = sum(one.numel() for one in layers.values() if isinstance(one, Tensor))
    return dense + sum(one.shape[0] * one.shape[1] for one in layers.values() if isinstance(one, Factors)), dense


def pair_products(walk: Walk, kernel: Kernel, train: Rows, targets: Rows) -> Tensor:
    """[V, N] g_t' H^-1 g_i for each target and training row, in blocks of targets whose gradients fit."""
    cells = sum(p.numel() for p in walk.network.parameters())
    step = max(1, _QUERY_CELLS // max(cells, 1))
    parts = []
    for start in range(0, len(targets), step):
        block = targets[start : start + step]
        parts.append(kernel.against(walk.held(block), train).cpu())
    return torch.cat(parts)


def mean_gradient(walk: Walk, rows: Rows) -> dict[str, Tensor]:
    """layer -> [1, O, I] mean gradient of the rows' losses."""
    found: dict[str, Tensor] = {}
    for _, layers in walk.losses(rows):
        for name, one in layers.items():
            share = one.weighted_sum(one.pulls.new_full((1, len(one)), 1.0 / len(rows)))
            found[name] = found[name] + share if name in found else share
    return found


def mean_products(walk: Walk, kernel: Kernel, train: Rows, targets: Rows) -> Tensor:
    """[N] product of each training row with the targets' mean gradient."""
    return kernel.against(mean_gradient(walk, targets), train)[0].cpu()


def self_products(walk: Walk, kernel: Kernel, rows: Rows) -> Tensor:
    """[N] g_i' H^-1 g_i of each row's own gradient."""
    return torch.cat([kernel.of_itself(layers).cpu() for _, layers in walk.losses(rows)])


def lengths(walk: Walk, rows: Rows) -> Tensor:
    """[N] length of each row's gradient over the linear layers."""
    return torch.cat([squares(layers).sqrt().cpu() for _, layers in walk.losses(rows)])
