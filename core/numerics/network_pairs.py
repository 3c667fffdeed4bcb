"""Influence between rows through all layers of one network: which inverse Hessian, and for which rows.

`influence_pairs`, `influence_on_mean` and `self_influence_of` run this where `InfluenceSettings.layers` is "all"; with
"last", and in every score of a run, the twins over the last layer answer (core/scores/shared/last_layer*.py). Gradients
of training rows are never multiplied out where a layer has one position.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from .ekfac import fit_curvature
from .factors import Factors, inner_products
from .gauss_newton import factorized, strongest_directions
from .tapped import Gradients, Rows, TappedNetwork, products, squares, total

_QUERY_CELLS = 2**26  # of queries in memory at a time: 256 MB
_DATAINF_SHARE = 0.1  # of the mean squared gradient entry: DataInf's damping as published


class Kernel(Protocol):
    """An inverse Hessian among gradients."""

    def against(self, gradients: Gradients, train: Rows) -> Float[Tensor, "target row"]:
        """[V, N] G' H^-1 g_i with the gradient of each training row's loss."""

    def of_itself(self, factors: Mapping[str, Factors]) -> Float[Tensor, " batch"]:
        """[b] G' H^-1 G."""


class Plain:
    """H = I: TracIn at one checkpoint."""

    def __init__(self, tapped: TappedNetwork):
        self.tapped = tapped

    def against(self, gradients: Gradients, train: Rows) -> Float[Tensor, "target row"]:
        return torch.cat([products(gradients, layers) for _, layers in self.tapped.loss_factors(train)], dim=1)

    def of_itself(self, factors: Mapping[str, Factors]) -> Float[Tensor, " batch"]:
        return squares(factors)


class EKFAC(Plain):
    """The inverse of the true Fisher in the corrected eigenbasis of each layer."""

    def __init__(self, tapped: TappedNetwork, train: Rows, damping: float, ridge: float):
        super().__init__(tapped)
        self.layers = fit_curvature(lambda: tapped.sampled_factors(train), damping, ridge)

    def against(self, gradients: Gradients, train: Rows) -> Float[Tensor, "target row"]:
        return super().against({name: self.layers[name].solved(one) for name, one in gradients.items()}, train)

    def of_itself(self, factors: Mapping[str, Factors]) -> Float[Tensor, " batch"]:
        return total(self.layers[name].quadratic(one) for name, one in factors.items())


class GaussNewton(Plain):
    """All layers together, by the `count` strongest directions of curvature."""

    def __init__(self, tapped: TappedNetwork, train: Rows, damping: float, ridge: float, count: int):
        super().__init__(tapped)
        parameters, dense = _cells(tapped, train)
        strongest = strongest_directions(tapped.logits(train), min(count, _QUERY_CELLS // max(dense, 1)))
        self.directions = tapped.gradients(train[strongest.rows], strongest.cotangents)
        kernel = products(self.directions, self.directions)
        self.inverse = factorized(kernel, len(train), parameters, strongest.share, damping, ridge)

    def against(self, gradients: Gradients, train: Rows) -> Float[Tensor, "target row"]:
        """[V, N], through the inverse of the curvature in its strongest directions and the damping in all others."""
        weights = self.inverse.coefficients(products(gradients, self.directions))
        parts = [
            products(gradients, layers) - weights @ products(self.directions, layers)
            for _, layers in self.tapped.loss_factors(train)
        ]
        return torch.cat(parts, dim=1) / self.inverse.damping

    def of_itself(self, factors: Mapping[str, Factors]) -> Float[Tensor, " batch"]:
        """[b], through the same inverse."""
        reduction = self.inverse.reduction(products(factors, self.directions))
        return (squares(factors) - reduction) / self.inverse.damping


class DataInf(Plain):
    """The mean over rows of the inverses of single-row curvatures, layer by layer, lambda as published by default.

        H^-1 G = (1 / lambda) (G - (1/N) sum_i g_i (g_i . G) / (lambda + ||g_i||^2))

    Two products per layer: G with every training row, and the rows weighted by it. Kwon et al., ICLR 2024.
    """

    def __init__(self, tapped: TappedNetwork, train: Rows, share: float = _DATAINF_SHARE):
        super().__init__(tapped)
        self.train = train
        parts = [
            {name: (one.squares(), one.shape) for name, one in layers.items()}
            for _, layers in tapped.loss_factors(train)
        ]
        self.squares = {name: torch.cat([part[name][0] for part in parts]) for name in parts[0]}
        cells = {name: shape[0] * shape[1] for name, (_, shape) in parts[0].items()}
        self.damping = {
            name: max(share * float(one.double().mean()) / cells[name], torch.finfo(torch.float32).tiny)
            for name, one in self.squares.items()
        }

    def against(self, gradients: Gradients, train: Rows) -> Float[Tensor, "target row"]:
        """[V, N], through the mean of the inverses of single rows."""
        whole = {n: one.matrices() if isinstance(one, Factors) else one for n, one in gradients.items()}
        corrections = {name: torch.zeros_like(one) for name, one in whole.items()}
        for rows, layers in self.tapped.loss_factors(self.train):
            for name, one in layers.items():
                inner = products({name: gradients[name]}, {name: one})
                corrections[name] += one.weighted_sum(inner / (self.damping[name] + self.squares[name][rows]))
        queries = {n: (one - corrections[n] / len(self.train)) / self.damping[n] for n, one in whole.items()}
        return super().against(queries, train)

    def of_itself(self, factors: Mapping[str, Factors]) -> Float[Tensor, " batch"]:
        """[b], through the same mean."""
        squares_left = {name: one.squares() for name, one in factors.items()}
        for rows, layers in self.tapped.loss_factors(self.train):
            for name, one in layers.items():
                shares = inner_products(factors[name], one).square() / (self.damping[name] + self.squares[name][rows])
                squares_left[name] = squares_left[name] - shares.sum(1) / len(self.train)
        return total(one / self.damping[name] for name, one in squares_left.items())


def _cells(tapped: TappedNetwork, rows: Rows) -> tuple[int, int]:
    """(parameters of all layers, those of layers with several positions)."""
    layers = tapped.gradients(rows[:1])
    dense = sum(one.numel() for one in layers.values() if isinstance(one, Tensor))
    return dense + sum(one.shape[0] * one.shape[1] for one in layers.values() if isinstance(one, Factors)), dense


def pair_products(tapped: TappedNetwork, kernel: Kernel, train: Rows, targets: Rows) -> Float[Tensor, "target row"]:
    """[V, N] g_t' H^-1 g_i for each target and training row, in blocks of targets whose gradients fit."""
    cells = sum(p.numel() for p in tapped.network.parameters())
    step = max(1, _QUERY_CELLS // max(cells, 1))
    parts = []
    for start in range(0, len(targets), step):
        block = targets[start : start + step]
        parts.append(kernel.against(tapped.gradients(block), train).cpu())
    return torch.cat(parts)


def mean_gradient(tapped: TappedNetwork, rows: Rows) -> dict[str, Float[Tensor, "one output input"]]:
    """layer -> [1, O, I] mean gradient of the rows' losses."""
    mean: dict[str, Tensor] = {}
    for _, layers in tapped.loss_factors(rows):
        for name, one in layers.items():
            share = one.weighted_sum(one.cotangents.new_full((1, len(one)), 1.0 / len(rows)))
            mean[name] = mean[name] + share if name in mean else share
    return mean


def mean_products(tapped: TappedNetwork, kernel: Kernel, train: Rows, targets: Rows) -> Float[Tensor, " row"]:
    """[N] product of each training row with the targets' mean gradient."""
    return kernel.against(mean_gradient(tapped, targets), train)[0].cpu()


def self_products(tapped: TappedNetwork, kernel: Kernel, rows: Rows) -> Float[Tensor, " row"]:
    """[N] g_i' H^-1 g_i of each row's own gradient."""
    return torch.cat([kernel.of_itself(layers).cpu() for _, layers in tapped.loss_factors(rows)])


def lengths(tapped: TappedNetwork, rows: Rows) -> Float[Tensor, " row"]:
    """[N] length of each row's gradient over the layers."""
    return torch.cat([squares(layers).sqrt().cpu() for _, layers in tapped.loss_factors(rows)])
