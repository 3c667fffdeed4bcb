"""One linear layer: the head of a frozen encoder. All that it learns lies there, so its influence is exact."""

from __future__ import annotations

from math import prod

from core.types.params import NoParams

from .family import InputShape
from .mlp import Mlp
from .network import seeded


def build(shape: InputShape, classes: int, params: NoParams, seed: int) -> Mlp:
    """A perceptron without hidden layers, initialised from `seed`."""
    return seeded(lambda: Mlp((prod(shape.dims),), classes), seed)
