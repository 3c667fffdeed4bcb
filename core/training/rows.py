"""Arrays and tensors in memory as rows that a network reads: consecutive rows are views, never copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.models.encoding import Encoded
from core.types.errors import DataError


class ArrayRows:
    """[N, ...] array or tensor, or a tuple of them, as the network reads it; floats become float32."""

    def __init__(self, values: Any):
        self._parts = tuple(_tensor(part) for part in (values if isinstance(values, tuple) else (values,)))
        self._single = not isinstance(values, tuple)
        if len({len(part) for part in self._parts}) != 1:
            sizes = ", ".join(str(len(part)) for part in self._parts)
            raise DataError(f"The inputs have {sizes} rows.", "Give parts of equal length.")

    def __len__(self) -> int:
        return len(self._parts[0])

    def batch(self, rows: np.ndarray) -> Any:
        """Any rows, copied."""
        chosen = torch.from_numpy(np.asarray(rows, dtype=np.int64))
        return self._given([part[chosen] for part in self._parts])

    def span(self, start: int, stop: int) -> Any:
        """Rows start..stop-1, not copied."""
        return self._given([part[start:stop] for part in self._parts])

    def _given(self, parts: list[Tensor]) -> Any:
        return parts[0] if self._single else tuple(parts)


def _tensor(values: Any) -> Tensor:
    tensor = values if isinstance(values, Tensor) else torch.from_numpy(np.ascontiguousarray(values))
    return tensor.float() if tensor.is_floating_point() else tensor


def span(encoded: Encoded, start: int, stop: int) -> Any:
    """Consecutive rows of any encoded examples, without a copy where that is possible."""
    cut = getattr(encoded, "span", None)
    return encoded.batch(np.arange(start, stop)) if cut is None else cut(start, stop)
