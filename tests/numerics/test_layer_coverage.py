"""Every kind of layer alone, tapped in closed form, against vmap(grad) in float64; every form of a convolution too."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
import torch
from oracles.per_example_gradients import loop_gradient_norms, loss_gradient_norms
from torch import Tensor, nn

from core.numerics import conv_norms
from core.numerics.outer import Scratch
from core.numerics.per_example import GradientTap

CLASSES, EXAMPLES = 4, 5


def _seeded(*dims: int) -> Tensor:
    return torch.randn(EXAMPLES, *dims, generator=torch.Generator().manual_seed(7)).double()


def _ids(*dims: int) -> Tensor:
    return torch.randint(0, 6, (EXAMPLES, *dims), generator=torch.Generator().manual_seed(8))


class Ended(nn.Module):
    """A layer, a tanh, and a head over everything that comes out."""

    def __init__(self, layer: nn.Module, x: Tensor):
        super().__init__()
        self.layer = layer
        self.head = nn.Linear(layer(x[:2].float() if x.is_floating_point() else x[:2])[0].numel(), CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.layer(x)).flatten(1))


def _norms(network: nn.Module, x: Tensor) -> tuple[np.ndarray, tuple[str, ...], Tensor]:
    targets = torch.arange(EXAMPLES) % CLASSES
    with GradientTap(network) as tap:
        tap.check(x[:2])
        return tap.squared_norms(x, network(x), targets).sqrt().numpy(), tap.notes, targets


CONVOLUTIONS_2D = [
    {"kernel_size": 3},
    {"kernel_size": 3, "padding": 1, "stride": 2},
    {"kernel_size": (3, 2), "padding": (2, 1), "stride": (1, 3), "dilation": (2, 1)},
    {"kernel_size": 3, "padding": "same", "dilation": 2, "bias": False},
    {"kernel_size": 3, "padding": 1, "groups": 2},
    {"kernel_size": 1},
    {"kernel_size": 1, "stride": 2, "groups": 4},
    {"kernel_size": 3, "padding": 1, "padding_mode": "reflect"},
    {"kernel_size": 5, "padding": 4, "stride": 3},
]
CONVOLUTIONS_1D = [
    {"kernel_size": 3, "padding": 2, "dilation": 2},
    {"kernel_size": 4, "stride": 3, "groups": 2},
    {"kernel_size": 3, "padding": 1, "padding_mode": "circular"},
    {"kernel_size": 1},
]
LAYERS: list[tuple[str, Any, Tensor]] = [
    *((f"conv2d-{i}", lambda o=o: nn.Conv2d(4, 8, **o), _seeded(4, 9, 8)) for i, o in enumerate(CONVOLUTIONS_2D)),
    *((f"conv1d-{i}", lambda o=o: nn.Conv1d(4, 6, **o), _seeded(4, 13)) for i, o in enumerate(CONVOLUTIONS_1D)),
    ("linear", lambda: nn.Linear(6, 5), _seeded(6)),
    ("linear-over-positions", lambda: nn.Linear(6, 5, bias=False), _seeded(3, 4, 6)),
    ("layer-norm", lambda: nn.LayerNorm(6), _seeded(3, 6)),
    ("layer-norm-two-axes", lambda: nn.LayerNorm([3, 6], bias=False), _seeded(2, 3, 6)),
    ("rms-norm", lambda: nn.RMSNorm(6), _seeded(3, 6)),
    ("group-norm", lambda: nn.GroupNorm(2, 6), _seeded(6, 3, 5)),
    ("group-norm-after-a-layer", lambda: nn.Sequential(nn.Conv2d(6, 6, 1), nn.GroupNorm(3, 6)), _seeded(6, 3, 5)),
    ("batch-norm-1d", lambda: nn.BatchNorm1d(6), _seeded(6)),
    ("batch-norm-2d", lambda: nn.BatchNorm2d(6), _seeded(6, 3, 5)),
    ("batch-norm-3d", lambda: nn.BatchNorm3d(6), _seeded(6, 2, 3, 2)),
    ("embedding", lambda: nn.Embedding(6, 5, padding_idx=2), _ids(7)),
    ("embedding-in-a-grid", lambda: nn.Embedding(6, 5), _ids(3, 2)),
    ("bag-mean", lambda: nn.EmbeddingBag(6, 5), _ids(7)),
    ("bag-sum", lambda: nn.EmbeddingBag(6, 5, mode="sum"), _ids(7)),
    ("bag-with-padding", lambda: nn.EmbeddingBag(6, 5, padding_idx=1), _ids(7)),
]


@pytest.mark.parametrize(("make", "x"), [(m, x) for _, m, x in LAYERS], ids=[name for name, _, _ in LAYERS])
def test_each_layer_equals_vmap_grad(make: Any, x: Tensor) -> None:
    torch.manual_seed(0)
    network = Ended(make(), x).double().eval()
    for module in network.modules():
        if getattr(module, "running_mean", None) is not None:
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
        if getattr(module, "weight", None) is not None and module.weight.dim() == 1:
            module.weight.data.uniform_(-1, 2)
    found, notes, targets = _norms(network, x)
    assert notes == ()  # in closed form
    try:
        wanted = loss_gradient_norms(network, x, targets)
    except (RuntimeError, UserWarning):  # torch.func has no rule for embedding bags
        wanted = loop_gradient_norms(network, x, targets)
    np.testing.assert_allclose(found, wanted, rtol=1e-9)  # float64 rounding


@pytest.mark.parametrize("options", CONVOLUTIONS_2D[:7] + CONVOLUTIONS_2D[8:], ids=str)
@pytest.mark.parametrize("form", sorted(conv_norms._FORMS))
def test_each_form_of_a_convolution_is_exact(options: dict[str, Any], form: str, monkeypatch: Any) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(4, 8, **{**options, "bias": False})
    x = _seeded(4, 9, 8).float()
    g = torch.randn_like(layer(x))
    wanted = []
    for i in range(EXAMPLES):
        (gradient,) = torch.autograd.grad(layer.double()(x[i : i + 1].double()), layer.weight, g[i : i + 1].double())
        wanted.append(gradient.square().sum().item())
    monkeypatch.setattr(conv_norms.ConvShape, "form", lambda *_: form)
    monkeypatch.setattr(conv_norms, "chunk", lambda _: 2)  # work in parts
    found = conv_norms.conv_squared_norm(layer, [x], [g], Scratch())
    np.testing.assert_allclose(found.numpy(), wanted, rtol=5e-6)  # float32 sums of some hundred products


@pytest.mark.parametrize("shape", [((3, 32), 32, "patches"), ((32, 64), 16, "grouped"), ((64, 96), 8, "positions")])
def test_the_form_follows_the_shape(shape: tuple[tuple[int, int], int, str]) -> None:
    channels, side, form = shape
    geometry = conv_norms.ConvShape(channels, (side, side), (side, side), (3, 3), (1, 1), (1, 1), (1, 1))
    assert geometry.form(torch.zeros(1)) == form
    assert geometry.form(torch.zeros(1).double()) != "grouped"  # the library has no kernel for float64


class WeightedBags(nn.Module):
    """One table used by two bags: weighted ids in a row, and bags of different lengths one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(6, 5, mode="sum")
        self.head = nn.Linear(5, CLASSES)

    def forward(self, ids: Tensor) -> Tensor:
        lengths = ids[:, 0] % 3
        flat = torch.cat([row[:n] for row, n in zip(ids, lengths, strict=True)])
        second = self.table(flat, offsets=lengths.cumsum(0) - lengths)
        first = self.table(ids, per_sample_weights=(ids.double() + 1) / 3)
        return self.head(torch.tanh(first + second))


class HandMadeAttention(nn.Module):
    """Attention from Linear layers, a residual sum, and one projection that serves twice."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(6)
        self.query, self.key, self.both = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 6)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        weights = (self.query(h) @ self.key(h).transpose(1, 2)).softmax(2)
        x = x + self.both(weights @ self.both(h))
        return self.head(x.mean(1))


class TwiceConvolved(nn.Module):
    """One convolution at two sizes, with the sum of both in the head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1, groups=3)
        self.norm = nn.GroupNorm(1, 3)
        self.head = nn.Linear(3, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(self.conv(x))
        again = self.norm(self.conv(nn.functional.max_pool2d(h, 2)))
        return self.head(h.mean((2, 3)) + again.mean((2, 3)))


class Branches(nn.Module):
    """Two layers that both read the input: no gradient passes from one to the other."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Linear(6, 5), nn.Linear(6, 5), nn.Linear(5, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.relu(self.a(x)) * self.b(x))


@pytest.mark.parametrize(
    ("make", "x"),
    [(WeightedBags, _ids(7)), (HandMadeAttention, _seeded(4, 6)), (TwiceConvolved, _seeded(3, 8, 8))],
    ids=["bags", "attention", "twice"],
)
def test_layers_used_together_equal_one_backward_each(make: Any, x: Tensor) -> None:
    torch.manual_seed(1)
    network = make().double().eval()
    found, notes, targets = _norms(network, x)
    assert notes == ()
    np.testing.assert_allclose(found, loop_gradient_norms(network, x, targets), rtol=1e-9)


@pytest.mark.parametrize("rooted", [False, True])
def test_an_input_that_needs_a_gradient_changes_nothing(rooted: bool) -> None:
    torch.manual_seed(2)
    network, x, targets = Branches().double().eval(), _seeded(6), torch.arange(EXAMPLES) % CLASSES
    with GradientTap(network) as tap:
        given = x.clone().requires_grad_(rooted)
        found = tap.squared_norms(x, network(given), targets, keep_graph=rooted).sqrt().numpy()
        again = tap.squared_norms(x, network(x), targets).sqrt().numpy()
    np.testing.assert_allclose(found, loop_gradient_norms(network, x, targets), rtol=1e-9)
    np.testing.assert_array_equal(found, again)


def test_no_batch_leaves_its_graph_behind() -> None:
    network, x = nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.ReLU(), nn.Flatten(), nn.LazyLinear(4)), None
    network(torch.randn(1, 3, 8, 8))
    kept = []
    handle = network[2].register_forward_hook(lambda _, __, out: kept.append(torch.utils.weak.TensorWeakRef(out)))
    with GradientTap(network) as tap:
        for _ in range(3):
            x = torch.randn(2, 3, 8, 8)
            tap.squared_norms(x, network(x), torch.tensor([0, 1]))
        gc.collect()
        assert [ref() for ref in kept] == [None] * 3
    handle.remove()
