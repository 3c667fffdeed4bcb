"""Small residual network (He et al. 2016) with group normalization in place of batch normalization."""

from __future__ import annotations

from torch import Tensor, nn

from .family import InputShape
from .network import Network, seeded
from .network_params import ResnetParams
from .small_cnn import check_image, convolution


class Residual(nn.Module):
    """relu(shortcut(x) + norm(conv(norm-relu(conv(x)))))."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.first = convolution(inputs, outputs, stride)
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(8, outputs))
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Same height and width divided by the stride."""
        return (self.shortcut(x) + self.second(self.first(x))).relu()


class SmallResnet(Network):
    """A stem and three stages of widths w, 2w, 4w; the second and third halve the image."""

    def __init__(self, channels: int, width: int, blocks: int, classes: int):
        super().__init__()
        layers: list[nn.Module] = [convolution(channels, width)]
        inputs = width
        for stage in range(3):
            outputs = width * 2**stage
            for block in range(blocks):
                layers.append(Residual(inputs, outputs, 2 if stage and not block else 1))
                inputs = outputs
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(inputs, classes)

    def features_from(self, embedded: Tensor) -> Tensor:
        """[b, 4w] mean over positions."""
        return self.body(embedded).mean((2, 3))


def build(shape: InputShape, classes: int, params: ResnetParams, seed: int) -> SmallResnet:
    """A `SmallResnet` for this input shape, initialised from `seed`."""
    check_image(shape, params.width)
    return seeded(lambda: SmallResnet(shape.dims[0], params.width, params.blocks, classes), seed)
