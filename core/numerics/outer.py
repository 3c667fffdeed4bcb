"""Squared norms of sums of outer products, without temporaries where possible, in memory that is used again."""

from __future__ import annotations

from math import prod

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

CHUNK = 2**18  # numbers (1 MB in float32) that one batched product may write: they stay in cache until they are summed


class Scratch:
    """Buffers handed out again and again: fresh memory costs more than the copy that fills it (one fault per page)."""

    def __init__(self) -> None:
        self._buffers: dict[tuple[str, torch.dtype, torch.device], Tensor] = {}

    def take(self, name: str, shape: tuple[int, ...], like: Shaped[Tensor, " ..."]) -> Shaped[Tensor, " ..."]:
        """An uninitialised tensor of `shape`; what was taken under the same name before is overwritten."""
        size, key = prod(shape), (name, like.dtype, like.device)
        buffer = self._buffers.get(key)
        if buffer is None or buffer.numel() < size:
            buffer = self._buffers[key] = torch.empty(size, dtype=like.dtype, device=like.device)
        return buffer[:size].view(shape)


def square_sum(x: Float[Tensor, "batch ..."]) -> Float[Tensor, " batch"]:
    """[b] sum of squares of each example's numbers."""
    # One read without a temporary: measured three times faster than (x * x).sum(1), eight times than a batched product.
    return torch.linalg.vector_norm(x.flatten(1), dim=1).square()


def dot(x: Float[Tensor, "batch ..."], y: Float[Tensor, "batch ..."]) -> Float[Tensor, " batch"]:
    """[b] inner product of each example's numbers."""
    return torch.linalg.vecdot(x.flatten(1), y.flatten(1))


def joined(parts: list[Shaped[Tensor, " ..."]], dim: int = 0) -> Shaped[Tensor, " ..."]:
    """The parts along `dim`; a single one is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim)


def outer_squared_norm(
    a: Float[Tensor, "batch input position"], g: Float[Tensor, "batch output position"], scratch: Scratch | None = None
) -> Float[Tensor, " batch"]:
    """[b] squared Frobenius norm of g a^T for a [b, I, P], g [b, O, P]."""
    inputs, outputs, positions = a.shape[1], g.shape[1], a.shape[2]
    if positions == 1:
        return square_sum(a) * square_sum(g)
    direct = inputs * outputs <= positions * (inputs + outputs)
    step = chunk(inputs * outputs if direct else 2 * positions * positions)
    form, scratch = _direct if direct else _gram, scratch or Scratch()
    return joined([form(a[i : i + step], g[i : i + step], scratch) for i in range(0, len(a), step)])


def chunk(numbers: int) -> int:
    """How many examples to work on at once when each writes so many numbers."""
    return max(1, CHUNK // max(numbers, 1))


def _direct(
    a: Float[Tensor, "batch input position"], g: Float[Tensor, "batch output position"], scratch: Scratch
) -> Float[Tensor, " batch"]:
    return square_sum(product(a, g.transpose(1, 2), "product", scratch))


def _gram(
    a: Float[Tensor, "batch input position"], g: Float[Tensor, "batch output position"], scratch: Scratch
) -> Float[Tensor, " batch"]:
    return dot(
        product(a.transpose(1, 2), a, "product", scratch), product(g.transpose(1, 2), g, "other product", scratch)
    )


def product(
    a: Float[Tensor, "batch input position"], b: Float[Tensor, "batch position output"], name: str, scratch: Scratch
) -> Float[Tensor, "batch input output"]:
    """[n, I, O] batched product of [n, I, P] and [n, P, O], in scratch memory."""
    return torch.bmm(a, b, out=scratch.take(name, (len(a), a.shape[1], b.shape[2]), a))
