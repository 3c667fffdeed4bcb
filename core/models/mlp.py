"""Multilayer perceptron: columns, pixels or embeddings -> ReLU layers -> logits."""

from __future__ import annotations

from math import prod

from torch import Tensor, nn

from .family import InputShape
from .network import Network, seeded
from .network_params import MlpParams


class Mlp(Network):
    """`widths[0]` inputs, hidden layers of the following widths, `classes` logits."""

    def __init__(self, widths: tuple[int, ...], classes: int):
        super().__init__()
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:], strict=False))
        self.head = nn.Linear(widths[-1], classes)

    def features_from(self, embedded: Tensor) -> Tensor:
        """[b, width] after the last ReLU."""
        h = embedded.flatten(1)
        for layer in self.hidden:
            h = layer(h).relu()
        return h


def build(shape: InputShape, classes: int, params: MlpParams, seed: int) -> Mlp:
    """An `Mlp` for this input shape, initialised from `seed`."""
    widths = (prod(shape.dims), *[params.width] * params.depth)
    return seeded(lambda: Mlp(widths, classes), seed)
