"""How many examples one step of a pass takes: counted on one example of the real network, not timed.

A stopwatch could choose another batch in a resumed run, and with it other last digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_TARGET = 96 * 2**20  # bytes of activations a step should write: measured best for small images and for perceptrons
_FEWEST, _MOST = 16, 2048
_SHARE = 4  # a step's activations may take this part of the stated memory


def batch_for(network: nn.Module, example: Any, memory: int | None = None) -> int:
    """Examples per step: a power of two, 16 to 2,048 (fewer, when activations would pass a quarter of `memory` bytes).

    example: one row as the network reads it, [1, ...] or a tuple of such; it is run once, in eval mode.
    """
    bytes_each = max(1, _activations(network, example) * 4)
    size = min(_MOST, max(_FEWEST, _power_of_two(_TARGET // bytes_each)))
    return size if memory is None else max(1, min(size, memory // (_SHARE * bytes_each)))


def _activations(network: nn.Module, example: Any) -> int:
    """Numbers that one example makes the network keep: its input and, for activations between, twice each output."""
    counted = [sum(part.numel() for part in (example if isinstance(example, tuple) else (example,)))]
    leaves = [module for module in network.modules() if not any(module.children())]
    handles = [leaf.register_forward_hook(lambda _, __, out: counted.append(2 * _numbers(out))) for leaf in leaves]
    try:
        with evaluating(network), torch.inference_mode():
            network(example)
    finally:
        for handle in handles:
            handle.remove()
    return sum(counted)


def _numbers(output: Any) -> int:
    parts = output if isinstance(output, (tuple, list)) else (output,)
    return sum(part.numel() for part in parts if isinstance(part, Tensor))


def _power_of_two(number: int) -> int:
    return 1 << (max(1, number).bit_length() - 1)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Eval mode inside, what it was before afterwards, module by module."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
