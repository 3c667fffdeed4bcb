"""Where torch works, at which precision, and how it is seeded."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch


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
