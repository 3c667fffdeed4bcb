"""Embedding tables: an example's gradient is the sum, for each id in it, of what reached the places with that id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from .outer import joined, square_sum


def embedding(module: nn.Embedding, calls: Sequence[Any]) -> Float[Tensor, " batch"]:
    """[b] squared norm for ids [b, ...] of each call."""
    examples = len(calls[0].gradient)
    ids = joined([c.input.reshape(examples, -1) for c in calls], dim=1)
    g = joined([c.gradient.reshape(examples, -1, c.gradient.shape[-1]) for c in calls], dim=1)
    if module.padding_idx is not None:
        g = g * (ids != module.padding_idx).unsqueeze(-1)
    return _scattered_squared_norm(ids, g)


def embedding_bag(module: nn.EmbeddingBag, calls: Sequence[Any]) -> Float[Tensor, " batch"]:
    """[b] squared norm for bags of ids, summed or averaged, with or without weights per id."""
    bags = [(*_bags(module, c), c.gradient) for c in calls]
    if len(bags) == 1:  # one gradient for the whole bag: only how often each id occurs has to be summed
        ids, shares, g = bags[0]
        return _scattered_squared_norm(ids, shares.unsqueeze(-1)) * square_sum(g)
    ids = joined([ids for ids, _, _ in bags], dim=1)
    return _scattered_squared_norm(ids, joined([shares.unsqueeze(-1) * g.unsqueeze(1) for _, shares, g in bags], dim=1))


def _bags(module: nn.EmbeddingBag, call: Any) -> tuple[Integer[Tensor, "batch place"], Float[Tensor, "batch place"]]:
    """(ids [b, L], share of each in its bag's vector [b, L]), absent places with a share of 0."""
    named = dict(zip(("input", "offsets", "per_sample_weights"), call.args, strict=False)) | call.kwargs
    ids, offsets, weights = named["input"], named.get("offsets"), named.get("per_sample_weights")
    kind = call.gradient
    weights = kind.new_ones(ids.shape) if weights is None else weights.to(kind.dtype)
    if ids.dim() == 1:
        ids, weights = _rectangle(ids, weights, offsets, len(kind))
    if module.padding_idx is not None:
        weights = weights * (ids != module.padding_idx)
    if module.mode == "mean":
        weights = weights / weights.sum(1, keepdim=True).clamp(min=1)
    return ids, weights


def _rectangle(
    ids: Integer[Tensor, " occurrence"], weights: Float[Tensor, " occurrence"], offsets: Any, bags: int
) -> tuple[Integer[Tensor, "batch place"], Float[Tensor, "batch place"]]:
    """Bags that lie one after the other, as rows filled up with a weight of 0."""
    ids, weights = torch.cat([ids, ids.new_zeros(1)]), torch.cat([weights, weights.new_zeros(1)])  # all may be empty
    starts = offsets[:bags]
    ends = torch.cat([starts[1:], starts.new_tensor([len(ids) - 1])]) if len(offsets) == bags else offsets[1:]
    place = starts[:, None] + torch.arange(max(1, int((ends - starts).max())), device=ids.device)
    inside = place < ends[:, None]
    place = place.clamp(max=len(ids) - 1)
    return ids[place], weights[place] * inside


def _scattered_squared_norm(
    ids: Integer[Tensor, "batch place"], g: Float[Tensor, "batch place width"]
) -> Float[Tensor, " batch"]:
    """[b] squared norm after gradients [b, L, d] with the same id in one example are added up."""
    ordered, order = ids.sort(dim=1)
    g = g.gather(1, order.unsqueeze(-1).expand_as(g))
    sums = g.new_zeros(g.shape)
    fresh = torch.ones_like(ordered, dtype=torch.bool)
    fresh[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    place = fresh.cumsum(1) - 1
    return square_sum(sums.scatter_add_(1, place.unsqueeze(-1).expand_as(g), g))
