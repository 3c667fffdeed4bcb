"""Encoded rows that are plain vectors, cut into batches."""

from __future__ import annotations

from typing import Any

import numpy as np


class VectorRows:
    """Encoded rows that are plain float32 vectors [N, d]."""

    def __init__(self, values: np.ndarray):
        import torch

        self._values = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))

    def __len__(self) -> int:
        return len(self._values)

    def batch(self, rows: np.ndarray) -> Any:
        """[b, d] float32."""
        import torch

        return self._values[torch.from_numpy(np.asarray(rows, dtype=np.int64))]

    def span(self, start: int, stop: int) -> Any:
        """[b, d] float32, consecutive rows, not copied."""
        return self._values[start:stop]
