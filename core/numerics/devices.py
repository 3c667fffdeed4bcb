"""Where torch works, how it is seeded, and how many examples one scoring batch takes."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

_CONVOLUTION_BATCH = 64  # measured: activations of small images stay in cache up to 64-128
_DENSE_BATCH = 1024  # measured: matrix products of perceptrons want at least 500 rows
_LARGEST_ACTIVATIONS = 64 * 2**20  # bytes of input one batch may take


def choose_device() -> torch.device:
    """CUDA when there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def derive_seed(*parts: int | str) -> int:
    """A 31-bit seed that depends on all `parts`: runs, seeds and folds never share a stream by accident."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


def casting(device: torch.device, bf16: bool) -> AbstractContextManager[Any]:
    """Linear layers and convolutions in bfloat16 inside, when asked for."""
    return torch.autocast(device.type, dtype=torch.bfloat16) if bf16 else nullcontext()


def scoring_batch(network: nn.Module, floats_per_example: int) -> int:
    """Examples per scoring batch: 64 for convolutional networks, 1,024 otherwise, fewer when examples are large.

    Decided by the network, not by a stopwatch: a timed probe could choose another batch in a resumed run,
    and with it other last digits.
    """
    convolutional = any(isinstance(m, (nn.Conv1d, nn.Conv2d, nn.Conv3d)) for m in network.modules())
    wanted = _CONVOLUTION_BATCH if convolutional else _DENSE_BATCH
    return max(1, min(wanted, _LARGEST_ACTIVATIONS // (4 * max(floats_per_example, 1))))
