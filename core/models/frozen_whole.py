"""A frozen encoder of images and its head as one network of pixels: what explanations look into."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .frozen import frozen_named
from .frozen_encoding import FrozenEncoding
from .image_encoding import ImageEncoder
from .network import Network

_CENTER, _SCALE = 127 / 255, 128 / 255  # of the pixels that explanations vary: those that the encoders see
_WHITE = 255  # the largest value of a pixel


def pixels_of(encoding: FrozenEncoding) -> ImageEncoder:
    """The images as the frozen encoder sees them. Raises `ModelError` where it is not installed."""
    side = frozen_named(encoding.encoder).side
    return ImageEncoder(side, side, (_CENTER,) * 3, (_SCALE,) * 3, "bilinear")


class WholeNetwork(Network):
    """logits = head(features of the encoder's vectors), of images as `pixels_of` gives them."""

    def __init__(self, encoding: FrozenEncoding, network: Network):
        super().__init__()
        encoder = frozen_named(encoding.encoder)
        self.head = network.head
        self._rest = network
        self._encode = encoder.load(encoder.require())
        self._mean = torch.from_numpy(encoding.mean).float()
        self._components = torch.from_numpy(encoding.components).float()

    def features_from(self, embedded: Tensor) -> Tensor:
        """[b, d] what the head reads of images [b, 3, side, side]."""
        pixels: Any = (embedded * _SCALE + _CENTER).permute(0, 2, 3, 1) * _WHITE
        return self._rest.features_from((self._encode(pixels) - self._mean) @ self._components)
