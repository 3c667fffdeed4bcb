"""Per-example gradient norms without closed forms: torch.func for one layer or a whole network, and the plain loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Integer, Shaped
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from core.types.errors import ModelError

from .layer_norms import Call

_BUDGET = 256 * 2**20  # bytes of per-example gradients alive at once


def _chunk(parameters: dict[str, Float[Tensor, " ..."]], memory: int | None) -> int:
    budget = _BUDGET if memory is None else min(_BUDGET, memory // 4)
    size = sum(p.numel() * p.element_size() for p in parameters.values())
    return max(1, budget // max(size, 1))


def _squares(gradients: dict[str, Float[Tensor, "batch ..."]]) -> Float[Tensor, " batch"]:
    return torch.stack([g.flatten(1).double().square().sum(1) for g in gradients.values()]).sum(0)


def module_squared_norm(module: nn.Module, calls: Sequence[Call], memory: int | None = None) -> Float[Tensor, " batch"]:
    """[b] squared norm of the gradient over all parameters of `module` and its children, summed over its calls."""
    parameters = {k: p.detach() for k, p in module.named_parameters()}
    examples, step = len(calls[0].gradient), _chunk(parameters, memory)
    parts = []
    for start in range(0, examples, step):
        rows = slice(start, min(start + step, examples))
        gradients = [_call_gradients(module, parameters, call, rows, examples) for call in calls]
        parts.append(_squares({k: torch.stack([g[k] for g in gradients]).sum(0) for k in parameters}))
    return torch.cat(parts)


def _call_gradients(
    module: nn.Module, parameters: dict[str, Float[Tensor, " ..."]], call: Call, rows: slice, examples: int
) -> dict[str, Float[Tensor, " ..."]]:
    named: dict[Any, Any] = {**dict(enumerate(call.args)), **call.kwargs}
    batched = {k: v[rows] for k, v in named.items() if isinstance(v, Tensor) and v.dim() and len(v) == examples}
    fixed = {k: v for k, v in named.items() if k not in batched}

    def along_cotangent(
        weights: dict[str, Float[Tensor, " ..."]],
        inputs: dict[Any, Shaped[Tensor, " ..."]],
        cotangent: Float[Tensor, " ..."],
    ) -> Float[Tensor, ""]:
        """The inner product of one example's output with its cotangent: its gradient is the vector-Jacobian product."""
        arguments = {**fixed, **{k: v.unsqueeze(0) for k, v in inputs.items()}}
        args = tuple(arguments[i] for i in range(len(call.args)))
        output = functional_call(module, weights, args, {k: arguments[k] for k in call.kwargs})
        first = output[0] if isinstance(output, tuple) else output
        return (first.squeeze(0) * cotangent).sum()

    try:
        with sdpa_kernel(SDPBackend.MATH):  # the fused attention kernels have no batching rule
            return vmap(grad(along_cotangent), in_dims=(None, 0, 0))(parameters, batched, call.gradient[rows])
    except RuntimeError as error:
        raise ModelError(
            f"Gradients of a {type(module).__name__} layer cannot be taken per example: {error}",
            "Leave out grand, or replace the layer by one built from Linear and Conv layers.",
        ) from error


def network_squared_norm(
    network: nn.Module, x: Any, targets: Integer[Tensor, " batch"], memory: int | None = None
) -> Float[Tensor, " batch"]:
    """[b] squared norm of each example's cross-entropy gradient over all parameters, by vmap over examples."""
    parameters = {k: p.detach() for k, p in network.named_parameters()}

    def loss(weights: dict[str, Float[Tensor, " ..."]], one: Any, target: Integer[Tensor, ""]) -> Float[Tensor, ""]:
        alone = tuple(v.unsqueeze(0) for v in one) if isinstance(one, tuple) else one.unsqueeze(0)
        return nn.functional.cross_entropy(functional_call(network, weights, (alone,)), target.unsqueeze(0))

    step = _chunk(parameters, memory)
    with sdpa_kernel(SDPBackend.MATH):  # the fused attention kernels have no batching rule
        parts = [
            _squares(vmap(grad(loss), in_dims=(None, 0, 0))(parameters, _cut(x, i, i + step), targets[i : i + step]))
            for i in range(0, len(targets), step)
        ]
    return torch.cat(parts)


def single_squared_norm(network: nn.Module, x: Any, targets: Integer[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    """[b] the same by one plain backward per example: slow, for checking a few."""
    parameters = [p for p in network.parameters()]
    required = [p.requires_grad for p in parameters]
    values = []
    for i in range(len(targets)):
        network.requires_grad_(True)
        loss = nn.functional.cross_entropy(network(_cut(x, i, i + 1)), targets[i : i + 1])
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        values.append(sum((g.double().square().sum() for g in gradients if g is not None), loss.new_zeros(()).double()))
    for parameter, was in zip(parameters, required, strict=True):
        parameter.requires_grad_(was)
    return torch.stack(values)


def _cut(x: Any, start: int, stop: int) -> Any:
    return tuple(v[start:stop] for v in x) if isinstance(x, tuple) else x[start:stop]
