"""A convolution's share of each example's squared gradient norm, by the cheapest of three exact forms.

    patches     each example's weight gradient as a product of unfolded patches and output gradients
    grouped     the same by the convolution library: examples become groups of one large convolution (float32, CPU)
    positions   sum_pq <g_p, g_q> <a_p, a_q>; inner products of patches are sums of inner products of pixels along
                the kernel's offsets, first over rows and then over columns, so that no patch is ever formed

Which is cheapest follows from the layer's shape alone, by rates measured on one AVX-512 core: a stopwatch could decide
otherwise in a resumed run, and with it change last digits. Measured per image, weight gradient of a whole batch = 1:
3 -> 32 at 32 x 32 patches 2.0 (grouped 3.9); 32 -> 64 at 16 x 16 grouped 1.3 (patches 2.7); 64 -> 96 at 8 x 8 positions
0.6 (patches 2.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad, unfold

from .outer import Scratch, chunk, dot, joined, outer_squared_norm, product, square_sum

Pair = tuple[int, int]
_PRODUCT_RATE, _LIBRARY_RATE = 38.0, 75.0  # multiply-adds per nanosecond of batched products and of convolutions
_MOVE, _WRITE = 0.35, 0.6  # nanoseconds to move one number, to write and sum one of a result
_LANES = 16  # channels are worked on in sixteens


@dataclass(frozen=True)
class ConvShape:
    """One group of channels of a 2d convolution."""

    channels: Pair  # in, out
    size: Pair  # of the input
    out: Pair
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair

    @property
    def pointwise(self) -> bool:
        """A linear map at every position."""
        return self.kernel == (1, 1) and self.stride == (1, 1) and self.padding == (0, 0)

    @property
    def weights(self) -> int:
        """Numbers in one example's gradient."""
        return self.channels[0] * self.channels[1] * self.kernel[0] * self.kernel[1]

    @property
    def positions(self) -> int:
        """Of the output."""
        return self.out[0] * self.out[1]

    def costs(self) -> dict[str, float]:
        """Nanoseconds per example of each form, roughly."""
        inputs, outputs = self.channels
        pixels, offsets = self.size[0] * self.size[1], self.kernel[0] * self.kernel[1]
        work = self.weights * self.positions
        padded = work * _rounded(inputs) / inputs * _rounded(outputs) / outputs
        patches = 0 if self.pointwise else inputs * offsets * self.positions
        rows = self.out[0] ** 2 * self.size[1] ** 2
        shifts = rows * self.kernel[0] + self.positions**2 * self.kernel[1]
        grams = (pixels**2 * inputs + self.positions**2 * outputs) / _PRODUCT_RATE
        moved = inputs * pixels + outputs * self.positions
        return {
            "patches": work / _PRODUCT_RATE + _MOVE * patches + _WRITE * self.weights,
            "grouped": padded / _LIBRARY_RATE + _MOVE * moved + _WRITE * self.weights,
            "positions": grams + _MOVE * (shifts + pixels**2),
        }

    def form(self, like: Float[Tensor, " ..."]) -> str:
        """The cheapest form for tensors like this one."""
        costs = self.costs()
        if like.dtype != torch.float32 or like.device.type != "cpu" or not torch.backends.mkldnn.is_available():
            del costs["grouped"]
        return min(costs, key=lambda name: costs[name])


def _rounded(channels: int) -> int:
    return -(-channels // _LANES) * _LANES


def conv_squared_norm(
    module: Any,
    inputs: Sequence[Float[Tensor, "batch channel ..."]],
    gradients: Sequence[Float[Tensor, "batch output ..."]],
    scratch: Scratch,
) -> Float[Tensor, " batch"]:
    """[b] squared norm of the weight gradient summed over all uses of a Conv1d or Conv2d."""
    if len(inputs) > 1:
        return _several(module, inputs, gradients, scratch)
    x, g, padding = *_two_dimensional(inputs[0], gradients[0]), _padding(module)
    if padding is None:
        x, padding = _padded(module, x), (0, 0)
    examples, groups = len(x), module.groups
    x = x.reshape(examples * groups, -1, *x.shape[2:])  # channels of a group lie side by side
    g = g.reshape(examples * groups, -1, *g.shape[2:])
    shape = ConvShape(
        (x.shape[1], g.shape[1]), _pair(x.shape[2:]), _pair(g.shape[2:]),
        _wide(module.kernel_size, 1), _wide(module.stride, 1), padding, _wide(module.dilation, 1),
    )  # fmt: skip
    name = shape.form(x)
    step = chunk(_written(shape, name))
    parts = [_FORMS[name](x[i : i + step], g[i : i + step], shape, scratch) for i in range(0, len(x), step)]
    return joined(parts).reshape(examples, groups).sum(1)


def _written(shape: ConvShape, form: str) -> int:
    if form == "positions":
        return 3 * (shape.size[0] * shape.size[1]) ** 2
    return shape.weights + (0 if form == "grouped" else shape.weights // shape.channels[1] * shape.positions)


def _several(
    module: Any,
    inputs: Sequence[Float[Tensor, "batch channel ..."]],
    gradients: Sequence[Float[Tensor, "batch output ..."]],
    scratch: Scratch,
) -> Float[Tensor, " batch"]:
    a = joined([patches(module, x) for x in inputs], dim=2)
    g = joined([one.flatten(2) for one in gradients], dim=2)
    split_a, split_g = (t.reshape(len(t) * module.groups, -1, t.shape[2]) for t in (a, g))
    return outer_squared_norm(split_a, split_g, scratch).reshape(len(a), module.groups).sum(1)


def _two_dimensional(
    x: Float[Tensor, " batch channel *position"], g: Float[Tensor, " batch output *place"]
) -> tuple[Float[Tensor, "batch channel height width"], Float[Tensor, "batch output rows columns"]]:
    return (x.unsqueeze(2), g.unsqueeze(2)) if x.dim() == 3 else (x, g)  # a 1d convolution is a 2d one of height 1


def _padding(module: Any) -> Pair | None:
    """Zeros on both sides of each axis; None when the input must be padded in another way first."""
    if module.padding_mode != "zeros" or isinstance(module.padding, str):
        return None
    return _wide(module.padding, 0)


def _padded(module: Any, x: Float[Tensor, " batch channel *position"]) -> Float[Tensor, " batch channel *padded"]:
    mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
    sides = module._reversed_padding_repeated_twice
    if len(module.kernel_size) == 1 and mode != "constant":  # torch pads two axes of [b, C, L] alone
        return pad(x.squeeze(2), sides, mode=mode).unsqueeze(2)
    return pad(x, sides, mode=mode)


def _wide(values: Sequence[int], filler: int) -> Pair:
    return (filler, int(values[0])) if len(values) == 1 else _pair(values)


def _pair(values: Sequence[int]) -> Pair:
    return int(values[0]), int(values[1])


def _by_patches(
    x: Float[Tensor, " batch channel *position"],
    g: Float[Tensor, " batch output *place"],
    shape: ConvShape,
    scratch: Scratch,
) -> Float[Tensor, " batch"]:
    a = x.flatten(2) if shape.pointwise else _unfolded(x, shape, scratch)
    return square_sum(product(a, g.flatten(2).transpose(1, 2), "product", scratch))


def _unfolded(
    x: Float[Tensor, " batch channel *position"], shape: ConvShape, scratch: Scratch
) -> Float[Tensor, "batch patch place"]:
    """[n, channels * kernel, positions]; a strided copy, twice as fast as torch's unfold."""
    (up, side), (down, right), (dy, dx) = shape.padding, shape.stride, shape.dilation
    x = pad(x, (side, side, up, up)) if up or side else x.contiguous()
    n, c, h, w = x.stride()
    view = x.as_strided(
        (len(x), shape.channels[0], *shape.kernel, *shape.out), (n, c, h * dy, w * dx, h * down, w * right)
    )
    return scratch.take("patches", tuple(view.shape), x).copy_(view).view(len(x), -1, shape.positions)


def _by_groups(
    x: Float[Tensor, " batch channel *position"],
    g: Float[Tensor, " batch output *place"],
    shape: ConvShape,
    scratch: Scratch,
) -> Float[Tensor, " batch"]:
    n, (inputs, outputs) = len(x), shape.channels
    weight = x.new_empty(1).expand(n * outputs, inputs, *shape.kernel)  # only its shape is read
    gradient = torch.ops.aten.convolution_backward(
        g.reshape(1, n * outputs, *shape.out), x.reshape(1, n * inputs, *shape.size), weight, None,
        shape.stride, shape.padding, shape.dilation, False, (0, 0), n, (False, True, False),
    )[1]  # fmt: skip
    return square_sum(gradient.view(n, -1))


def _by_positions(
    x: Float[Tensor, "batch channel height width"],
    g: Float[Tensor, "batch output rows columns"],
    shape: ConvShape,
    scratch: Scratch,
) -> Float[Tensor, " batch"]:
    x, g = x.flatten(2), g.flatten(2)
    pixels = product(x.transpose(1, 2), x, "product", scratch)
    table = pixels.view(len(x), *shape.size, *shape.size)
    for axis in (0, 1):
        table = _along(table, axis, shape, scratch)
    return dot(table, product(g.transpose(1, 2), g, "product", scratch)).clamp(min=0)


def _along(
    table: Float[Tensor, "batch h w h2 w2"], axis: int, shape: ConvShape, scratch: Scratch
) -> Float[Tensor, " ..."]:
    """Sum of `table` [n, h, w, h, w] over the kernel's offsets along one axis, the same one for both positions."""
    stride, count, length = shape.stride[axis], shape.out[axis], shape.size[axis]
    sizes = list(table.shape)
    sizes[axis + 1] = sizes[axis + 3] = count
    out = scratch.take(f"sum {axis}", tuple(sizes), table)
    offsets = [j * shape.dilation[axis] - shape.padding[axis] for j in range(shape.kernel[axis])]
    covers = next((o for o in offsets if o >= 0 and o + (count - 1) * stride < length), None)
    if covers is None:
        out.zero_()
    else:  # an offset that stays inside for every position fills the sum, the others are added
        out.copy_(_cut(table, axis, slice(covers, covers + (count - 1) * stride + 1, stride)))
        offsets.remove(covers)
    for o in offsets:
        first, last = max(0, -(o // stride)), min(count - 1, (length - 1 - o) // stride)
        if first <= last:
            source = slice(first * stride + o, last * stride + o + 1, stride)
            _cut(out, axis, slice(first, last + 1)).add_(_cut(table, axis, source))
    return out


def _cut(table: Float[Tensor, " ..."], axis: int, part: slice) -> Float[Tensor, " ..."]:
    return table[:, part, :, part] if axis == 0 else table[:, :, part, :, part]


_FORMS = {"patches": _by_patches, "grouped": _by_groups, "positions": _by_positions}


def patches(module: Any, x: Float[Tensor, " batch channel *position"]) -> Float[Tensor, "batch patch place"]:
    """[b, channels * kernel, positions] of a 1d or 2d convolution's padded input."""
    flat = x.dim() == 3
    x, padding = x.unsqueeze(2) if flat else x, _padding(module)
    if padding is None:
        x, padding = _padded(module, x), (0, 0)
    kernel, stride = _wide(module.kernel_size, 1), _wide(module.stride, 1)
    if kernel == (1, 1) and stride == (1, 1) and padding == (0, 0):
        return x.flatten(2)
    return unfold(x, kernel, _wide(module.dilation, 1), padding, stride)
