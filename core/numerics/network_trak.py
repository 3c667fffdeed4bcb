"""TRAK through all layers of one network: kernel regression of margins on the gradients of margins.

`influence_pairs` with `InfluenceSettings("trak")` runs this; the score `trak` of a run is its twin over the last layer.

    tau(t, i) = phi_t' (Phi'Phi + lambda I)^-1 phi_i = k_t' (K + lambda I)^-1 e_i,    K = Phi Phi'

With inner products of factors the second form needs no projection, [N, N] in memory; beyond `k` rows the gradients are
projected, inputs and cotangents each by random signs, and multiplied. lambda = N wd / mean(p (1 - p)).
Park et al., ICML 2023.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from .devices import derive_seed
from .factors import Factors, margin_cotangent
from .tapped import Rows, TappedNetwork, products

_TINY = 1e-6  # of the mean of the kernel's diagonal: no ridge at all stays solvable
_FLAT = 1e-6  # mean p (1 - p) of a network that is sure of everything: the ridge stays finite


class Margins(NamedTuple):
    """effects [V, N] on the targets' margins before the weight 1 - p_i; doubts [N] = 1 - p_i; the ridge."""

    effects: Float[Tensor, "target row"]
    doubts: Float[Tensor, " row"]
    ridge: float


def margin_effects(tapped: TappedNetwork, train: Rows, targets: Rows, k: int, decay: float) -> Margins:
    """Of including each training row; k: projected dimensions, 0 for none. Float64."""
    confidences = _confidences(tapped, train)
    spread = float((confidences * (1.0 - confidences)).mean())
    ridge = len(train) * decay / max(spread, _FLAT)
    solve = _projected if k else _unprojected
    effects, used = solve(tapped, train, targets, k, ridge)
    return Margins(effects, 1.0 - confidences, used)


def _confidences(tapped: TappedNetwork, rows: Rows) -> Float64[Tensor, " row"]:
    return tapped.logits(rows).double().softmax(1).gather(1, rows.labels[:, None])[:, 0].cpu()


def _unprojected(
    tapped: TappedNetwork, train: Rows, targets: Rows, k: int, ridge: float
) -> tuple[Float[Tensor, "target row"], float]:
    of_train, of_targets = _margin_gradients(tapped, train), _margin_gradients(tapped, targets)
    kernel = products(of_train, of_train).double().cpu()
    ridge += _mean_if_none(kernel, ridge)
    kernel.diagonal().add_(ridge)
    return torch.linalg.solve(kernel, products(of_train, of_targets).double().cpu()).T, ridge


def _margin_gradients(tapped: TappedNetwork, rows: Rows) -> Mapping[str, Factors | Float[Tensor, "row output input"]]:
    return tapped.gradients(rows, margin_cotangent(rows.labels)(tapped.logits(rows)))


def _projected(
    tapped: TappedNetwork, train: Rows, targets: Rows, k: int, ridge: float
) -> tuple[Float[Tensor, "target row"], float]:
    of_train, of_targets = (torch.cat(list(_phi(tapped, rows, k))) for rows in (train, targets))
    kernel = of_train.T @ of_train
    ridge += _mean_if_none(kernel, ridge)
    kernel.diagonal().add_(ridge)
    return torch.linalg.solve(kernel, of_targets.T).T @ of_train.T, ridge


def _mean_if_none(kernel: Float[Tensor, "_ _"], ridge: float) -> float:
    """Without weight decay to match: the kernel's mean eigenvalue, the damping that influence has by default."""
    mean = float(kernel.diagonal().mean())
    return _TINY * mean if ridge > 0 else mean


def _phi(tapped: TappedNetwork, rows: Rows, k: int) -> Iterator[Float64[Tensor, "batch projection"]]:
    """[b, k] float64 of each batch: the projections of a gradient's layers add up."""
    generator = torch.Generator().manual_seed(derive_seed("trak", tapped.seed))
    signs: dict[str, tuple[Tensor, Tensor]] = {}
    for part in tapped.batches(rows):
        layers = tapped.factors(rows[part], margin_cotangent(rows.labels[part]))
        if not signs:
            signs = {name: _signs(one, k, generator) for name, one in layers.items()}
        yield sum((_project(one, *signs[name]) for name, one in layers.items()), torch.zeros(())).double().cpu()


def _signs(
    one: Factors, k: int, generator: torch.Generator
) -> tuple[Float[Tensor, "_ projection"], Float[Tensor, "_ projection"]]:
    outputs, inputs = one.shape
    sizes = (inputs, outputs)
    draws = [torch.randint(0, 2, (size, k), generator=generator).to(one.cotangents) * 2.0 - 1.0 for size in sizes]
    return draws[0], draws[1] / k**0.5


def _project(
    one: Factors, inputs: Float[Tensor, "input projection"], cotangents: Float[Tensor, "output projection"]
) -> Float[Tensor, "batch projection"]:
    """[b, k] projections of the gradients; inner products are kept up to O(1 / sqrt(k))."""
    return ((one.inputs.transpose(1, 2) @ inputs) * (one.cotangents.transpose(1, 2) @ cotangents)).sum(1)
