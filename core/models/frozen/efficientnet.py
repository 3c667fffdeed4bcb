"""EfficientNet-Lite from a plain state_dict: its shapes give the widths, this file the order and the strides.

Padding is TensorFlow's "same": as much as the output needs, the odd pixel at the right and at the bottom. Batch
normalization, fixed once trained, is folded into the convolution before it: the same numbers in fewer steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_EPSILON = 1e-3  # of the batch normalizations, as the weights were trained
_CENTER = 127.0  # pixels are read as (x - 127) / 128
_SCALE = 128.0  # as the weights were trained
_STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of the first block of each stage
_STEM_STRIDE = 2  # as in the paper


class Step(nn.Module):
    """Convolution with "same" padding, its normalization folded in, and ReLU6 where asked for."""

    def __init__(self, weight: Tensor, bias: Tensor, stride: int, clipped: bool):
        super().__init__()
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last), False)  # quicker on a CPU
        self.bias = nn.Parameter(bias, False)
        self._stride, self._clipped = stride, clipped
        # a depthwise kernel has one input plane; only a convolution of one channel could be mistaken for it
        self._groups = len(weight) if weight.shape[1] == 1 else 1

    def forward(self, x: Tensor) -> Tensor:
        """[b, out, ceil(H / stride), ceil(W / stride)]."""
        low, high = zip(*(_padding(s, self.weight.shape[-1], self._stride) for s in x.shape[-2:]), strict=True)
        if low != high:
            x, low = functional.pad(x, (low[1], high[1], low[0], high[0])), (0, 0)
        out = functional.conv2d(x, self.weight, self.bias, self._stride, low, groups=self._groups)
        return out.clamp_(0, 6) if self._clipped else out


class Block(nn.Module):
    """Widen (not in the first block), filter each channel, narrow; the input is added where nothing changes size."""

    def __init__(self, steps: list[Step], adds: bool):
        super().__init__()
        self.steps = nn.Sequential(*steps)
        self._adds = adds

    def forward(self, x: Tensor) -> Tensor:
        """[b, out, h, w]."""
        out = self.steps(x)
        return out + x if self._adds else out


def _padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    needed = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return needed // 2, needed - needed // 2


def build(state: Mapping[str, Tensor], repeats: tuple[int, ...]) -> nn.Sequential:
    """The layers up to the last feature map. repeats: blocks of each of the seven stages."""
    layers: list[nn.Module] = [_step(state, "_conv_stem", "_bn0", _STEM_STRIDE)]
    strides = [first if n == 0 else 1 for first, count in zip(_STRIDES, repeats, strict=True) for n in range(count)]
    layers += [_block(state, f"_blocks.{number}", stride) for number, stride in enumerate(strides)]
    layers.append(_step(state, "_conv_head", "_bn1", 1))
    return nn.Sequential(*layers).eval()


def _block(state: Mapping[str, Tensor], name: str, stride: int) -> Block:
    widened = f"{name}._expand_conv.weight" in state
    steps = [_step(state, f"{name}._expand_conv", f"{name}._bn0", 1)] if widened else []
    steps.append(_step(state, f"{name}._depthwise_conv", f"{name}._bn1", stride))
    steps.append(_step(state, f"{name}._project_conv", f"{name}._bn2", 1, clipped=False))
    entering = state[f"{name}._expand_conv.weight"].shape[1] if widened else len(steps[0].weight)
    return Block(steps, adds=stride == 1 and entering == len(steps[-1].weight))


def _step(state: Mapping[str, Tensor], conv: str, norm: str, stride: int, clipped: bool = True) -> Step:
    scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + _EPSILON).sqrt()
    weight = state[f"{conv}.weight"] * scale.view(-1, 1, 1, 1)
    return Step(weight, state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale, stride, clipped)


def features(network: nn.Module, pixels: Tensor) -> Tensor:
    """[b, width] of pixels [b, 3, H, W] in 0..255: the feature map's mean, averaged over image and mirror image."""
    x = ((pixels - _CENTER) / _SCALE).contiguous(memory_format=torch.channels_last)
    return (network(x).mean((2, 3)) + network(x.flip(3)).mean((2, 3))) / 2


class Encode(nn.Module):
    """[b, width] of pixels [b, side, side, 3] in 0..255, on the device that it was moved to."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, pixels: Any) -> Tensor:
        """As `features`."""
        place = next(self.network.parameters()).device
        return features(self.network, torch.as_tensor(pixels).to(place).permute(0, 3, 1, 2).float())


def loader(repeats: tuple[int, ...]) -> Callable[[Path], Callable[[Any], Tensor]]:
    """`load` of an entry: reads the weights as tensors alone, never as code."""

    def load(file: Path) -> Callable[[Any], Tensor]:
        return Encode(build(torch.load(file, map_location="cpu", weights_only=True), repeats))

    return load
