"""One layer's share of each example's squared gradient norm, from its input a and the gradient g of its output.

A linear map applied at P positions has the gradient sum_p g_p a_p^T. Its squared norm is taken directly (one batched
product, [out, in] per example) or through Gram matrices, sum_pq <g_p, g_q> <a_p, a_q> ([P, P] per example),
whichever is
cheaper; with one position it is ||g||^2 ||a||^2. Convolutions are linear maps over unfolded patches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, unfold
from torch.nn.utils.parametrize import is_parametrized

_SCRATCH = 64 * 2**20  # bytes that one batched product may take; larger batches are worked on in parts


@dataclass(frozen=True)
class Call:
    """One use of a layer: arguments of forward and the gradient of its output, batch first."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    gradient: Tensor

    @property
    def input(self) -> Tensor:
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
    )


def layer_squared_norm(module: nn.Module, calls: Sequence[Call]) -> Tensor:
    """[b] squared norm of the gradient summed over all calls of a plain layer."""
    return _SHARES[type(module)](module, calls)


def outer_squared_norm(a: Tensor, g: Tensor) -> Tensor:
    """[b] squared Frobenius norm of g a^T for a [b, I, P], g [b, O, P]."""
    inputs, outputs, positions = a.shape[1], g.shape[1], a.shape[2]
    if positions == 1:
        return _square_sum(a) * _square_sum(g)
    direct = inputs * outputs <= positions * (inputs + outputs)
    cells = inputs * outputs if direct else 2 * positions * positions
    step = max(1, _SCRATCH // (cells * a.element_size()))
    parts = [
        _direct(a[i : i + step], g[i : i + step]) if direct else _gram(a[i : i + step], g[i : i + step])
        for i in range(0, len(a), step)
    ]
    return _joined(parts)


def _direct(a: Tensor, g: Tensor) -> Tensor:
    return _square_sum(torch.bmm(g, a.transpose(1, 2)))


def _gram(a: Tensor, g: Tensor) -> Tensor:
    return _dot(torch.bmm(a.transpose(1, 2), a), torch.bmm(g.transpose(1, 2), g))


def _square_sum(x: Tensor) -> Tensor:
    # One read without a temporary: measured three times faster than (x * x).sum(1), eight times than a batched product.
    return torch.linalg.vector_norm(x.flatten(1), dim=1).square()


def _dot(x: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.vecdot(x.flatten(1), y.flatten(1))


def _joined(parts: list[Tensor], dim: int = 0) -> Tensor:
    """The parts along `dim`; a single one is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim)


def _linear(module: nn.Linear, calls: Sequence[Call]) -> Tensor:
    if len(calls) == 1 and calls[0].input.dim() == 2:
        a, g = calls[0].input, calls[0].gradient
        return _square_sum(g) * (_square_sum(a) + (module.bias is not None))
    a = _joined([positions_last(c.input) for c in calls], dim=2)
    g = _joined([positions_last(c.gradient) for c in calls], dim=2)
    return outer_squared_norm(a, g) + _bias(module, g)


def positions_last(x: Tensor) -> Tensor:
    """[b, width, positions] of [b, ..., width]."""
    return x.reshape(len(x), -1, x.shape[-1]).transpose(1, 2)


def _bias(module: nn.Module, g: Tensor) -> Tensor:
    return _square_sum(g.sum(2)) if module.bias is not None else g.new_zeros(len(g))


def _convolution(module: Any, calls: Sequence[Call]) -> Tensor:
    examples = len(calls[0].input)
    g = _joined([c.gradient.flatten(2) for c in calls], dim=2)
    a = _joined([patches(module, c.input) for c in calls], dim=2)
    split_a = a.reshape(
        examples * module.groups, -1, a.shape[2]
    )  # channels are outermost in a patch: groups are contiguous
    split_g = g.reshape(examples * module.groups, -1, g.shape[2])
    return outer_squared_norm(split_a, split_g).reshape(examples, module.groups).sum(1) + _bias(module, g)


def patches(module: Any, x: Tensor) -> Tensor:
    """[b, channels * kernel, positions] of a 1d or 2d convolution's padded input."""
    if module.padding_mode != "zeros" or isinstance(module.padding, str):
        mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
        x, padding = pad(x, module._reversed_padding_repeated_twice, mode=mode), (0,) * len(module.kernel_size)
    else:
        padding = module.padding
    if _is_pointwise(module, padding):
        return x.flatten(2)
    flat = x.dim() == 3  # a 1d convolution is a 2d one of height 1
    x = x.unsqueeze(2) if flat else x
    kernel, stride, dilation, padding = (
        (1, *v) if flat else v for v in (module.kernel_size, module.stride, module.dilation, padding)
    )
    return unfold(x, kernel, dilation, (0, padding[1]) if flat else padding, stride)


def _is_pointwise(module: Any, padding: tuple[int, ...]) -> bool:
    return set(module.kernel_size) == {1} and set(module.stride) == {1} and set(padding) == {0}


def _affine(
    normalized: Callable[[Any, Tensor], Tensor], kept: Callable[[Any], int]
) -> Callable[[Any, Sequence[Call]], Tensor]:
    """Norms with weight and bias: gradients are sums of g * normalized input and of g, small enough to form."""

    def share(module: Any, calls: Sequence[Call]) -> Tensor:
        total = calls[0].gradient.new_zeros(len(calls[0].gradient))
        if getattr(module, "weight", None) is not None:
            parts = [_summed(normalized(module, c.input), c.gradient, kept(module)) for c in calls]
            total = total + _square_sum(parts[0] if len(parts) == 1 else torch.stack(parts).sum(0))
        if getattr(module, "bias", None) is not None:
            parts = [_summed(None, c.gradient, kept(module)) for c in calls]
            total = total + _square_sum(parts[0] if len(parts) == 1 else torch.stack(parts).sum(0))
        return total

    return share


def _summed(x: Tensor | None, g: Tensor, trailing: int) -> Tensor:
    """Sum over positions. trailing 0: channels are axis 1, sum the rest; else the last `trailing` axes are kept."""
    if trailing == 0:
        rows = g.shape[0] * g.shape[1]
        flat = g.reshape(rows, -1)
        return (flat.sum(1) if x is None else _dot(x.reshape(rows, -1), flat)).reshape(g.shape[0], g.shape[1])
    product = g if x is None else g * x
    return product.reshape(len(g), -1, *g.shape[g.dim() - trailing :]).sum(1)


def _group_normalized(module: nn.GroupNorm, x: Tensor) -> Tensor:
    return nn.functional.group_norm(x, module.num_groups, eps=module.eps)


def _layer_normalized(module: nn.LayerNorm, x: Tensor) -> Tensor:
    return nn.functional.layer_norm(x, module.normalized_shape, eps=module.eps)


def _rms_normalized(module: nn.RMSNorm, x: Tensor) -> Tensor:
    return nn.functional.rms_norm(x, module.normalized_shape, eps=module.eps)


def _batch_normalized(module: Any, x: Tensor) -> Tensor:
    return nn.functional.batch_norm(x, module.running_mean, module.running_var, eps=module.eps)


def _embedding(module: nn.Embedding, calls: Sequence[Call]) -> Tensor:
    examples = len(calls[0].gradient)
    ids = _joined([c.input.reshape(examples, -1) for c in calls], dim=1)
    g = _joined([c.gradient.reshape(examples, -1, c.gradient.shape[-1]) for c in calls], dim=1)
    if module.padding_idx is not None:
        g = g * (ids != module.padding_idx).unsqueeze(-1)
    return _scattered_squared_norm(ids, g)


def _scattered_squared_norm(ids: Tensor, g: Tensor) -> Tensor:
    """[b] squared norm after gradients [b, L, d] with the same id in one example are added up."""
    ordered, order = ids.sort(dim=1)
    g = g.gather(1, order.unsqueeze(-1).expand_as(g))
    sums = g.new_zeros(g.shape)
    fresh = torch.ones_like(ordered, dtype=torch.bool)
    fresh[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    place = fresh.cumsum(1) - 1
    return _square_sum(sums.scatter_add_(1, place.unsqueeze(-1).expand_as(g), g))


def _channels_first(_: Any) -> int:
    return 0


def _normalized_axes(module: Any) -> int:
    return len(module.normalized_shape)


_batch_norm = _affine(_batch_normalized, _channels_first)
_SHARES: dict[type, Callable[[Any, Sequence[Call]], Tensor]] = {
    nn.Linear: _linear,
    nn.modules.linear.NonDynamicallyQuantizableLinear: _linear,
    nn.Conv1d: _convolution,
    nn.Conv2d: _convolution,
    nn.GroupNorm: _affine(_group_normalized, _channels_first),
    nn.LayerNorm: _affine(_layer_normalized, _normalized_axes),
    nn.RMSNorm: _affine(_rms_normalized, _normalized_axes),
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.BatchNorm3d: _batch_norm,
    nn.Embedding: _embedding,
}
