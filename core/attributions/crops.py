"""Square crops of encoded images, enlarged to the size that the network reads, and what it makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.types.errors import ModelError

BATCH = 256  # crops at a time: activations of small crops stay within some tens of MB
_NEGATIVE = -1e-4  # below rounding: the activations do not come out of a ReLU


@dataclass(frozen=True)
class Cropping:
    """Crops of `side` pixels whose corners are `stride` apart, the last ones pushed back to the edge."""

    height: int
    width: int
    side: int
    stride: int

    @property
    def corners(self) -> list[tuple[int, int]]:
        """(top, left) of each crop, row by row."""
        return [(top, left) for top in self._starts(self.height) for left in self._starts(self.width)]

    def _starts(self, length: int) -> list[int]:
        last = length - self.side
        return sorted({*range(0, last + 1, self.stride), last})

    def cut(self, images: Tensor) -> Tensor:
        """[n, C, H, W] -> [n * crops, C, H, W], the crops of one image after another."""
        cuts = [images[:, :, top : top + self.side, left : left + self.side] for top, left in self.corners]
        small = torch.stack(cuts, dim=1).flatten(0, 1)
        return torch.nn.functional.interpolate(small, (self.height, self.width), mode="bilinear", align_corners=False)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """[H, W] mean of the values [crops] of the crops that cover each pixel."""
        total, seen = np.zeros((self.height, self.width)), np.zeros((self.height, self.width))
        for value, (top, left) in zip(values, self.corners, strict=True):
            place = (slice(top, top + self.side), slice(left, left + self.side))
            total[place] += value
            seen[place] += 1
        return total / seen


def activations(network: Any, images: Tensor) -> np.ndarray:
    """float64 [n, d] what the last linear layer reads; `ModelError` where that is negative."""
    if not hasattr(network, "features") or not hasattr(network, "head"):
        raise ModelError(
            "CRAFT looks at what the last linear layer reads; this network does not show it.", "Use occlusion."
        )
    with torch.no_grad():
        features = [network.features(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    values = torch.cat(features).double().numpy()
    if values.min(initial=0.0) < _NEGATIVE:
        raise ModelError(
            "CRAFT needs activations that are never negative; those of this network are.",
            "It suits networks with a ReLU before the last layer. Use occlusion.",
        )
    return values.clip(min=0)


def logits_of(network: Any, features: np.ndarray) -> np.ndarray:
    """float64 [n, C] logits of activations [n, d]."""
    with torch.no_grad():
        weight = next(network.head.parameters())
        return network.head(torch.from_numpy(features).to(weight.dtype)).double().numpy()
