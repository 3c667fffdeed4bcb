"""nn.MultiheadAttention as the four linear maps that it is: queries, keys, values and the output.

It multiplies by slices of one packed weight in a fused call that no hook can see. While it is tapped, its forward is
this one: the same numbers, each map a Linear layer over a view of the weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeGuard

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrize import is_parametrized


def is_packed_attention(module: nn.Module) -> TypeGuard[nn.MultiheadAttention]:
    """Attention in the usual form: no extra key and value, no reparametrized weight."""
    return (
        type(module) is nn.MultiheadAttention
        and module.bias_k is None
        and not module.add_zero_attn
        and not is_parametrized(module)
    )


class PackedAttention:
    """Stands in for `module.forward` until `remove`; `bypass()` says when the module's own forward is wanted."""

    def __init__(self, module: nn.MultiheadAttention, bypass: Callable[[], bool]):
        self.module, self._bypass, self._own = module, bypass, module.forward
        self.projections = dict(zip(("query", "key", "value"), _projections(module), strict=True))
        module.forward = self._forward  # type: ignore[method-assign]

    def remove(self) -> None:
        """Give the module its own forward back."""
        del self.module.__dict__["forward"]

    def _forward(self, query: Float[Tensor, " ..."], key: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        if self._bypass() or query.dim() != 3:
            return self._own(query, key, value, *args, **kwargs)
        return self._attend(query, key, value, *args, **kwargs)

    def _attend(
        self,
        query: Float[Tensor, " ..."],
        key: Float[Tensor, " ..."],
        value: Float[Tensor, " ..."],
        key_padding_mask: Shaped[Tensor, "batch key"] | None = None,
        need_weights: bool = True,
        attn_mask: Shaped[Tensor, " ..."] | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Float[Tensor, " ..."], Float[Tensor, " ..."] | None]:
        """As nn.MultiheadAttention.forward in eval mode; `attn_mask` says the same as the hint is_causal."""
        first = self.module.batch_first
        read = [x if first else x.transpose(0, 1) for x in (query, key, value)]
        heads = self.module.num_heads
        q, k, v = (
            project(x).unflatten(-1, (heads, -1)).transpose(1, 2)
            for project, x in zip(self.projections.values(), read, strict=True)
        )
        mask = _additive(attn_mask, key_padding_mask, q, heads)
        weights = None
        if need_weights:
            weights = _weights(q, k, mask)
            mixed = weights @ v
        else:
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        output = self.module.out_proj(mixed.transpose(1, 2).flatten(2))
        if weights is not None and average_attn_weights:
            weights = weights.mean(1)
        return (output if first else output.transpose(0, 1)), weights


def _weights(
    q: Float[Tensor, "batch head query width"],
    k: Float[Tensor, "batch head key width"],
    mask: Float[Tensor, " ..."] | None,
) -> Float[Tensor, "batch head query key"]:
    scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])
    return (scores if mask is None else scores + mask).softmax(-1)


def _additive(
    attention: Shaped[Tensor, " ..."] | None,
    padding: Shaped[Tensor, "batch key"] | None,
    q: Float[Tensor, "batch head query width"],
    heads: int,
) -> Float[Tensor, " ..."] | None:
    """Both masks as one to be added to the scores [b, heads, L, S]; None without any."""
    parts = []
    if attention is not None:
        by_example = attention.dim() == 3  # [b * heads, L, S]
        parts.append(_numbers(attention.unflatten(0, (-1, heads)) if by_example else attention, q))
    if padding is not None:
        parts.append(_numbers(padding, q)[:, None, None, :])
    return sum(parts[1:], parts[0]) if parts else None


def _numbers(mask: Shaped[Tensor, " ..."], q: Float[Tensor, " ..."]) -> Float[Tensor, " ..."]:
    if mask.dtype != torch.bool:
        return mask.to(q.dtype)
    return q.new_zeros(mask.shape).masked_fill_(mask, -torch.inf)


def _projections(module: nn.MultiheadAttention) -> list[nn.Linear]:
    """Linear layers over views of the weights: what is written into these is what they multiply by."""
    if module.in_proj_weight is not None:
        weights = module.in_proj_weight.detach().chunk(3)
    else:
        weights = tuple(getattr(module, f"{one}_proj_weight").detach() for one in "qkv")
    biases = [None] * 3 if module.in_proj_bias is None else module.in_proj_bias.detach().chunk(3)
    return [_linear(weight, bias) for weight, bias in zip(weights, biases, strict=True)]


def _linear(weight: Float[Tensor, "output input"], bias: Float[Tensor, " output"] | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight, requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer.eval()
