"""Gradients of the layers of a network as factors, input and output gradient of each example, never multiplied.

A linear map applied at P positions has the gradient sum_p g_p a_p' = G A'; with one position its inner products and
quadratic forms need only the factors. Convolutions are linear maps over unfolded patches, one per group of channels.
The gradients of a norm layer's weight and bias, a number per channel each, are two columns: factors with G of them and
A = I.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn
from torch.nn.functional import one_hot, pad

from core.types.errors import ModelError

from .affine_norms import AFFINE, affine_gradients
from .conv_norms import patches
from .layer_norms import Call, is_plain, positions_last
from .per_example import GradientTap

_LINEAR = (nn.Linear, nn.modules.linear.NonDynamicallyQuantizableLinear)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
_SCRATCH = 2**22  # cells of a half-contracted product: 16 MB stay in cache

Cotangent = Callable[[Tensor], Tensor]  # logits [b, C] -> gradient [b, C] of a quantity with respect to them


@dataclass(frozen=True, eq=False)
class Factors:
    """One layer's gradients, cotangents inputs' of each example.

    inputs: [b, I, P], a row of ones last where the layer has a bias. cotangents: [b, O, P], gradients of its outputs.
    """

    inputs: Float[Tensor, "batch input position"]
    cotangents: Float[Tensor, "batch output position"]

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def single(self) -> bool:
        """One position: a gradient is the outer product of two vectors."""
        return self.inputs.shape[2] == 1

    @property
    def shape(self) -> tuple[int, int]:
        """(O, I) of a gradient."""
        return self.cotangents.shape[1], self.inputs.shape[1]

    def vectors(self) -> tuple[Float[Tensor, "batch input"], Float[Tensor, "batch output"]]:
        """(inputs [b, I], cotangents [b, O]) at the one position."""
        return self.inputs[:, :, 0], self.cotangents[:, :, 0]

    def matrices(self) -> Float[Tensor, "batch output input"]:
        """[b, O, I] the gradients themselves."""
        return torch.bmm(self.cotangents, self.inputs.transpose(1, 2))

    def weighted_sum(self, weights: Float[Tensor, "query batch"]) -> Float[Tensor, "query output input"]:
        """[V, O, I] sums of the gradients with weights [V, b]."""
        if not self.single:
            return (weights @ self.matrices().flatten(1)).unflatten(1, self.shape)
        a, g = self.vectors()
        rows, (outputs, width) = len(weights), self.shape
        table = (weights[:, None, :] * g.T[None]).reshape(rows * outputs, len(self))
        return (table @ a).reshape(rows, outputs, width)

    def squares(self) -> Float[Tensor, " batch"]:
        """[b] squared norm of each gradient."""
        if not self.single:
            return self.matrices().square().sum((1, 2))
        a, g = self.vectors()
        return a.square().sum(1) * g.square().sum(1)


def inner_products(first: Factors, second: Factors) -> Float[Tensor, "query batch"]:
    """[V, b] inner products of each gradient of `first` with each of `second`."""
    if not first.single:
        return first.matrices().flatten(1) @ second.matrices().flatten(1).T
    (a, g), (other_a, other_g) = first.vectors(), second.vectors()
    return (a @ other_a.T).mul_(g @ other_g.T)


def contracted(queries: Float[Tensor, "query output input"], factors: Factors) -> Float[Tensor, "query batch"]:
    """[V, b] inner products of queries [V, O, I] with each gradient; the longer side of a query is summed first."""
    if not factors.single:
        return queries.flatten(1) @ factors.matrices().flatten(1).T
    a, g = factors.vectors()
    if g.shape[1] < a.shape[1]:
        a, g, queries = g, a, queries.transpose(1, 2)
    rows, (length, width) = len(queries), queries.shape[1:]
    table = queries.transpose(0, 1).reshape(length, rows * width)
    step, out = max(1, _SCRATCH // (rows * width)), []
    for start in range(0, len(a), step):
        half = (g[start : start + step] @ table).reshape(-1, rows, width)
        out.append(torch.bmm(half, a[start : start + step, :, None])[:, :, 0])
    return torch.cat(out).T


def linear_factors(tap: GradientTap, x: Any, cotangent: Cotangent) -> dict[str, Factors]:
    """Each layer's factors of the examples `x`: a vector-Jacobian product with the cotangent of their logits."""
    with torch.enable_grad():
        logits = tap.network(x)
    names = tap.names()
    factors: dict[str, Factors] = {}
    for module, calls in tap.calls(logits, cotangent(logits.detach())):
        if has_factors(module):
            factors.update(_of_layer(names[id(module)], module, calls))
    return dict(sorted(factors.items()))


def left_out(tap: GradientTap, x: Any) -> tuple[str, ...]:
    """A note that names the layers with parameters whose gradients are no factors; `x`: a few examples.

    Raises `ModelError` where a gradient cannot be told apart by layer (tied weights, a weight used by hand).
    """
    tap.check(x)
    if tap.whole:
        raise ModelError(
            "Weights of this network are used by several layers, or past their layer.",
            "Score it with the last layer alone.",
        )
    with torch.enable_grad():
        logits = tap.network(x)
    modules = [module for module, _ in tap.calls(logits, torch.ones_like(logits))]
    if not any(_is_linear(module) for module in modules):
        raise ModelError("This network has no linear layer.", "Give one with Linear or Conv layers.")
    left = sorted({type(module).__name__ for module in modules if not has_factors(module)})
    return (f"Parameters left out, as their gradients are no factors: {', '.join(left)}.",) if left else ()


def has_factors(module: nn.Module) -> bool:
    """A linear layer, whose gradient is a sum of outer products, or a norm layer: two numbers per channel."""
    return _is_linear(module) or (type(module) in AFFINE and is_plain(module))


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, (*_LINEAR, *_CONVOLUTIONS)) and is_plain(module)


def _of_layer(name: str, module: Any, calls: Sequence[Call]) -> Mapping[str, Factors]:
    if type(module) in AFFINE:
        columns = torch.stack(affine_gradients(module, calls), dim=2)
        one = torch.eye(columns.shape[2], dtype=columns.dtype, device=columns.device)
        return {name: Factors(one.expand(len(columns), *one.shape), columns)}
    if isinstance(module, _LINEAR):
        a = torch.cat([positions_last(c.input) for c in calls], dim=2)
        g = torch.cat([positions_last(c.gradient) for c in calls], dim=2)
        return {name: _with_bias(a, g, module.bias is not None)}
    a = torch.cat([patches(module, c.input) for c in calls], dim=2)
    g = torch.cat([c.gradient.flatten(2) for c in calls], dim=2)
    parts = zip(a.chunk(module.groups, 1), g.chunk(module.groups, 1), strict=True)
    split = [_with_bias(*part, module.bias is not None) for part in parts]
    return {name if len(split) == 1 else f"{name}[{group}]": one for group, one in enumerate(split)}


def _with_bias(
    a: Float[Tensor, "batch input position"], g: Float[Tensor, "batch output position"], bias: bool
) -> Factors:
    return Factors(pad(a, (0, 0, 0, 1), value=1.0) if bias else a, g)


def loss_cotangent(labels: Integer[Tensor, " batch"]) -> Cotangent:
    """The gradient of the cross-entropy at the given labels [b]."""
    return lambda logits: logits.softmax(1) - one_hot(labels, logits.shape[1])


def sampled_cotangent(generator: torch.Generator) -> Cotangent:
    """The gradient of the cross-entropy at labels drawn from the model: gradients whose covariance is the true Fisher.

    A draw is a sum over all labels with random signs, sum_c +-sqrt(p_c) (onehot_c - p), whose covariance is that of
    single labels, diag(p) - p p'. Of a network that is sure, single labels show no curvature in most draws; on the
    digits one draw with signs is worth ten labels.
    """

    def cotangent(logits: Float[Tensor, "batch class"]) -> Float[Tensor, "batch class"]:
        p = logits.softmax(1)
        signs = torch.randint(0, 2, p.shape, generator=generator).to(p) * 2.0 - 1.0
        weighted = p.sqrt() * signs
        return weighted - p * weighted.sum(1, keepdim=True)

    return cotangent


def margin_cotangent(labels: Integer[Tensor, " batch"]) -> Cotangent:
    """The gradient of log(p_y / (1 - p_y)) at the given labels: one-hot minus the softmax over the other classes."""

    def cotangent(logits: Float[Tensor, "batch class"]) -> Float[Tensor, "batch class"]:
        own = one_hot(labels, logits.shape[1])
        return own - logits.masked_fill(own.bool(), -torch.inf).softmax(1)

    return cotangent
