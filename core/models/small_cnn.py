"""Small CNN: four 3x3 convolutions with group normalization, so that no example sees another in any mode."""

from __future__ import annotations

from torch import Tensor, nn

from core.types.errors import ModelError

from .family import InputShape
from .network import Network, seeded
from .network_params import CnnParams

_GROUPS = 8  # of the normalization: widths are multiples of 8, so that every group is of equal size
_SMALLEST = 8  # pixels; two halvings must leave something


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, group normalization, ReLU. The norm's shift makes a convolution bias superfluous."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.GroupNorm(_GROUPS, outputs),
        nn.ReLU(),
    )


class SmallCnn(Network):
    """Widths w, 2 w, 2 w, 3 w with two 2x2 average pools; the mean over positions feeds the head."""

    def __init__(self, channels: int, width: int, classes: int):
        super().__init__()
        self.body = nn.Sequential(
            convolution(channels, width),
            nn.AvgPool2d(2),
            convolution(width, 2 * width),
            nn.AvgPool2d(2),
            convolution(2 * width, 2 * width),
            convolution(2 * width, 3 * width),
        )
        self.head = nn.Linear(3 * width, classes)

    def features_from(self, embedded: Tensor) -> Tensor:
        """[b, 3w] mean over positions."""
        return self.body(embedded).mean((2, 3))


def check_image(shape: InputShape, width: int) -> None:
    """Raise `ModelError` when images are too small or the width does not divide into groups."""
    if min(shape.dims[1:]) < _SMALLEST:
        raise ModelError(
            f"Images of {shape.dims[1]} x {shape.dims[2]} pixels are too small for a convolutional network.",
            f"Give at least {_SMALLEST} x {_SMALLEST} pixels, or use --model mlp.",
        )
    if width % _GROUPS:
        raise ModelError(f"width is {width}, not a multiple of {_GROUPS}.", "Group normalization needs equal groups.")


def build(shape: InputShape, classes: int, params: CnnParams, seed: int) -> SmallCnn:
    """A `SmallCnn` for this input shape, initialised from `seed`."""
    check_image(shape, params.width)
    return seeded(lambda: SmallCnn(shape.dims[0], params.width, classes), seed)
