"""Where torch works, at which precision, and how it is seeded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from core.types.errors import ModelError
from core.types.registry import check_name


def choose_device(asked: str = "") -> torch.device:
    """The device that was asked for; by default CUDA when there is one, else the CPU.

    Raises `ModelError` for one that is not here, or that there is no such.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not asked:
        return torch.device("cuda" if there["cuda"] else "cpu")
    check_name(asked, there, "device", ModelError)
    if not there[asked]:
        here = ", ".join(name for name, is_here in there.items() if is_here)
        raise ModelError(
            f"There is no {asked} device here.", f"Here are: {here}; a torch built for {asked} may be needed."
        )
    return torch.device(asked)


def in_halves(take: Callable[[int, int], None], start: int, stop: int, forget: Callable[[], None]) -> None:
    """take(start, stop) of consecutive rows; where the device's memory runs out, the same rows in halves, after
    `forget` let go of what was begun. Raises `ModelError` where a single row is too many.
    """
    try:
        take(start, stop)
        return
    except torch.OutOfMemoryError as error:
        if stop - start <= 1:
            raise _too_large() from error
    forget()
    middle = (start + stop) // 2
    in_halves(take, start, middle, forget)
    in_halves(take, middle, stop, forget)


def _too_large() -> ModelError:
    return ModelError(
        "The device's memory does not hold the network with a single example.", "Use --device cpu, or smaller inputs."
    )


def derive_seed(*parts: int | str) -> int:
    """A 31-bit seed that depends on all `parts`: runs, seeds and folds never share a stream by accident."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


def casting(device: torch.device, bf16: bool) -> AbstractContextManager[Any]:
    """Linear layers and convolutions in bfloat16 inside, when asked for."""
    return torch.autocast(device.type, dtype=torch.bfloat16) if bf16 else nullcontext()
