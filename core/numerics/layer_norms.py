"""One layer's share of each example's squared gradient norm, from its input a and the gradient g of its output.

A linear map applied at P positions has the gradient sum_p g_p a_p^T. Its squared norm is taken directly (one batched
product, [out, in] per example) or through Gram matrices, sum_pq <g_p, g_q> <a_p, a_q> ([P, P] per example), whichever
is cheaper; with one position it is ||g||^2 ||a||^2. Convolutions, norms and embeddings have files of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from . import affine_norms, embedding_norms
from .conv_norms import conv_squared_norm
from .outer import Scratch, joined, outer_squared_norm, square_sum


@dataclass(frozen=True)
class Call:
    """One use of a layer: arguments of forward and the gradient of its output, batch first."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    gradient: Float[Tensor, "batch ..."]
    statistics: affine_norms.Statistics | None = None

    @property
    def input(self) -> Shaped[Tensor, "batch ..."]:
        """The first argument, however it was passed."""
        return self.args[0] if self.args else self.kwargs["input"]


def is_plain(module: nn.Module) -> bool:
    """A layer of a known type, not reparametrized, whose input is `args[0]`."""
    names = {name for name, p in module._parameters.items() if p is not None}
    return (
        type(module) in _SHARES
        and not is_parametrized(module)
        and names <= {"weight", "bias"}
        and not getattr(module, "max_norm", None)
        and not getattr(module, "scale_grad_by_freq", False)
        and getattr(module, "mode", "") != "max"  # a bag's largest entries: another id for each number
        and getattr(module, "running_mean", module) is not None  # a batch norm that looks at the batch
    )


def layer_squared_norm(
    module: nn.Module, calls: Sequence[Call], scratch: Scratch | None = None
) -> Float[Tensor, " batch"]:
    """[b] squared norm of the gradient summed over all calls of a plain layer."""
    return _SHARES[type(module)](module, calls, scratch or Scratch())


def _linear(module: nn.Linear, calls: Sequence[Call], scratch: Scratch) -> Float[Tensor, " batch"]:
    if len(calls) == 1 and calls[0].input.dim() == 2:
        a, g = calls[0].input, calls[0].gradient
        return square_sum(g) * (square_sum(a) + (module.bias is not None))
    a = joined([positions_last(c.input) for c in calls], dim=2)
    g = joined([positions_last(c.gradient) for c in calls], dim=2)
    norms = outer_squared_norm(a, g, scratch)
    return norms if module.bias is None else norms + square_sum(g.sum(2))


def positions_last(x: Float[Tensor, "batch ... width"]) -> Float[Tensor, "batch width position"]:
    """[b, width, positions] of [b, ..., width]."""
    return x.reshape(len(x), -1, x.shape[-1]).transpose(1, 2)


def _convolution(module: Any, calls: Sequence[Call], scratch: Scratch) -> Float[Tensor, " batch"]:
    norms = conv_squared_norm(module, [c.input for c in calls], [c.gradient for c in calls], scratch)
    if module.bias is None:
        return norms
    sums = [c.gradient.flatten(2).sum(2) for c in calls]
    return norms + square_sum(sums[0] if len(sums) == 1 else torch.stack(sums).sum(0))


def _without_scratch(
    share: Callable[[Any, Sequence[Call]], Float[Tensor, " batch"]],
) -> Callable[..., Float[Tensor, " batch"]]:
    return lambda module, calls, _: share(module, calls)


_SHARES: dict[type, Callable[..., Tensor]] = {
    nn.Linear: _linear,
    nn.modules.linear.NonDynamicallyQuantizableLinear: _linear,
    nn.Conv1d: _convolution,
    nn.Conv2d: _convolution,
    **dict.fromkeys(affine_norms.AFFINE, _without_scratch(affine_norms.affine_squared_norm)),
    nn.Embedding: _without_scratch(embedding_norms.embedding),
    nn.EmbeddingBag: _without_scratch(embedding_norms.embedding_bag),
}
