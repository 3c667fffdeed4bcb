"""Norm layers with weight and bias: per-example gradients are sums of g * normalized input and of g, small enough to
form.

Layers with channels first (GroupNorm, BatchNorm in eval mode) take both sums in one read of x and g: torch's own batch
norm backward does it when each channel of each example is called a channel of its own, with the layer's statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .outer import square_sum

Statistics = tuple[Tensor, Tensor]  # (mean, 1 / standard deviation) that the layer normalized with
WeightAndBias = tuple[Tensor, Tensor]  # gradients of each example
Gradients = Callable[[Any, Sequence[Any]], WeightAndBias]  # of a layer and its calls


def saved_statistics(module: nn.Module, output: Float[Tensor, " batch *rest"]) -> Statistics | None:
    """[b groups] each, what a GroupNorm just saved for its own backward; None when it saved nothing."""
    node = output.grad_fn
    if type(module) is not nn.GroupNorm or node is None or node.name() != "NativeGroupNormBackward0":
        return None
    # detached: they know the node they come from, and a hook of that node keeps them
    return node._saved_result1.detach(), node._saved_result2.detach()  # type: ignore[attr-defined]


def _of_groups(
    module: nn.GroupNorm, x: Float[Tensor, " batch channel *position"], saved: Statistics | None
) -> Statistics:
    positions = x[0, 0].numel()
    if saved is None:
        _, mean, scale = torch.native_group_norm(
            x.contiguous(), None, None, len(x), x.shape[1], positions, module.num_groups, module.eps
        )
        saved = mean, scale
    per_group = x.shape[1] // module.num_groups
    return saved[0].flatten().repeat_interleave(per_group), saved[1].flatten().repeat_interleave(per_group)


def _of_channels(module: Any, x: Float[Tensor, " batch channel *position"], _: Statistics | None) -> Statistics:
    return module.running_mean.repeat(len(x)), (module.running_var + module.eps).rsqrt().repeat(len(x))


def _channels_first(
    find: Callable[[Any, Float[Tensor, " batch channel *position"], Statistics | None], Statistics],
) -> Gradients:
    def gradients(module: Any, calls: Sequence[Any]) -> WeightAndBias:
        sums = [_channel_sums(c.input, c.gradient, *find(module, c.input, c.statistics)) for c in calls]
        weight, bias = (sum(parts) for parts in zip(*sums, strict=True))
        return weight, bias

    return gradients


def _channel_sums(
    x: Float[Tensor, " batch channel *position"],
    g: Float[Tensor, " batch channel *position"],
    mean: Float[Tensor, " ..."],
    scale: Float[Tensor, " ..."],
) -> tuple[Float[Tensor, "batch channel"], Float[Tensor, "batch channel"]]:
    """[b, C] sums over positions of g * normalized x, and of g."""
    rows = len(x) * x.shape[1]
    one = torch.ops.aten.native_batch_norm_backward(
        g.reshape(1, rows, -1).contiguous(), x.reshape(1, rows, -1).contiguous(), None, None, None,
        mean, scale, True, 0.0, (False, True, True),
    )  # fmt: skip
    return one[1].view(len(x), -1), one[2].view(len(x), -1)


def _channels_last(
    normalized: Callable[[Any, Float[Tensor, " batch *rest"]], Float[Tensor, " batch *rest"]],
) -> Gradients:
    def gradients(module: Any, calls: Sequence[Any]) -> WeightAndBias:
        weight = sum(_position_sums(normalized(module, c.input) * c.gradient, module) for c in calls)
        bias = sum(_position_sums(c.gradient, module) for c in calls)
        return weight, bias  # type: ignore[return-value]

    return gradients


def _position_sums(values: Float[Tensor, " batch *rest"], module: Any) -> Float[Tensor, " batch *normalized"]:
    """[b, normalized numbers] sums over all positions between."""
    normalized = values.shape[values.dim() - len(module.normalized_shape) :]
    return values.reshape(len(values), -1, normalized.numel()).sum(1)


def affine_gradients(module: Any, calls: Sequence[Any]) -> list[Float[Tensor, "batch number"]]:
    """[b, numbers] of the weight and of the bias, of those two that the layer has; see `AFFINE` for the layers."""
    weight, bias = AFFINE[type(module)](module, calls)
    both = (("weight", weight), ("bias", bias))
    return [gradient.flatten(1) for name, gradient in both if getattr(module, name, None) is not None]


def affine_squared_norm(module: Any, calls: Sequence[Any]) -> Float[Tensor, " batch"]:
    """[b] squared norm of the gradients of weight and bias."""
    parts = affine_gradients(module, calls)
    return sum((square_sum(part) for part in parts[1:]), square_sum(parts[0]))


def _layer_normalized(module: nn.LayerNorm, x: Float[Tensor, " batch *rest"]) -> Float[Tensor, " batch *rest"]:
    return nn.functional.layer_norm(x, module.normalized_shape, eps=module.eps)


def _rms_normalized(module: nn.RMSNorm, x: Float[Tensor, " batch *rest"]) -> Float[Tensor, " batch *rest"]:
    return nn.functional.rms_norm(x, module.normalized_shape, eps=module.eps)


_batch_norm = _channels_first(_of_channels)
AFFINE: dict[type, Gradients] = {
    nn.GroupNorm: _channels_first(_of_groups),
    nn.LayerNorm: _channels_last(_layer_normalized),
    nn.RMSNorm: _channels_last(_rms_normalized),
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.BatchNorm3d: _batch_norm,
}
