"""Ghost norms against vmap(grad) over the full network, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from oracles.per_example_gradients import loop_gradient_norms, loss_gradient_norms
from torch import Tensor, nn

from core.models import MODELS
from core.models.family import InputShape
from core.numerics.per_example import GradientTap
from core.types.errors import ModelError
from core.types.examples import Modality

CLASSES, EXAMPLES = 5, 6
_DIMS = {Modality.IMAGE: (3, 12, 12), Modality.TABLE: (7,), Modality.TEXT: (50,)}
_BUILT_IN = [(f, m) for f in MODELS if not f.probabilities_only for m in f.modalities if m in _DIMS]


def _inputs(modality: Modality) -> Any:
    generator = torch.Generator().manual_seed(3)
    if modality is Modality.TEXT:  # ids repeat within a text and include padding
        ids = torch.randint(0, 50, (EXAMPLES, 9), generator=generator)
        ids[:, 1] = ids[:, 0]
        return ids, torch.rand(EXAMPLES, 9, generator=generator).double() * (ids != 0)
    return torch.randn(EXAMPLES, *_DIMS[modality], generator=generator).double()


def _targets() -> Tensor:
    return torch.arange(EXAMPLES) % CLASSES


def _tapped(network: nn.Module, x: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    with GradientTap(network) as tap:
        tap.check(tuple(v[:2] for v in x) if isinstance(x, tuple) else x[:2])
        norms = tap.squared_norms(x, network(x), _targets()).sqrt().numpy()
        return norms, tap.notes


class GroupedConvolutions(nn.Module):
    """Stride, string padding, dilation, groups, circular padding, every norm, a Conv1d, and a layer used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2)
        self.b = nn.BatchNorm2d(8)
        self.c = nn.Conv2d(8, 8, (3, 1), padding="same", dilation=2, groups=8, padding_mode="circular", bias=False)
        self.n = nn.LayerNorm([8, 8])
        self.r = nn.ReLU(inplace=True)
        self.g = nn.GroupNorm(4, 8)
        self.p = nn.Conv2d(8, 8, 1)
        self.line = nn.Conv1d(8, 8, 3, dilation=2, padding=1, stride=2)
        self.m = nn.RMSNorm(24)
        self.h = nn.Linear(24, CLASSES)
        self.twice = nn.Linear(CLASSES, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.r(self.b(self.a(x)))
        x = self.p(self.g(self.r(self.n(self.c(x)))))
        x = self.r(self.line(x.mean(2)))
        return self.twice(torch.tanh(self.twice(self.h(self.m(x.flatten(1))))))


class Attention(nn.Module):
    """A sequence network: shared-row embeddings, Linear over positions, and a layer kind with no closed form."""

    def __init__(self) -> None:
        super().__init__()
        self.e = nn.Embedding(20, 8, padding_idx=0)
        self.block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.block(self.e(ids)).mean(1))


class TiedWeights(nn.Module):
    """The head's weight is the embedding's."""

    def __init__(self) -> None:
        super().__init__()
        self.e = nn.Embedding(CLASSES, 8)
        self.head = nn.Linear(8, CLASSES, bias=False)
        self.head.weight = self.e.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.e(ids % CLASSES).mean(1))


class Escaping(nn.Module):
    """Uses a layer's weight by hand, which no hook can see."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(x) + nn.functional.linear(self.a(x), self.b.weight)


class OwnParameters(nn.Module):
    """A reparametrized layer and a layer without closed form."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))
        self.t = nn.ConvTranspose1d(8, 3, 3)
        self.head = nn.Linear(9, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.t(self.w(x)[:, :, None]).flatten(1))


@pytest.mark.parametrize(("family", "modality"), _BUILT_IN, ids=lambda v: getattr(v, "name", v))
def test_built_in_networks_equal_vmap_grad(family: Any, modality: Modality) -> None:
    network = family.build(InputShape(modality, _DIMS[modality]), CLASSES, family.params(), 0).double().eval()
    x = _inputs(modality)
    norms, notes = _tapped(network, x)
    assert notes == ()  # closed forms alone
    np.testing.assert_allclose(norms, _exact(network, x), rtol=1e-10)  # float64 rounding


def _exact(network: nn.Module, x: Any) -> np.ndarray:
    try:
        return loss_gradient_norms(network, x, _targets())
    except RuntimeError:  # torch.func has no rule for channels_last copies
        return loop_gradient_norms(network, x, _targets())


def _ids() -> Tensor:
    return torch.randint(0, 20, (EXAMPLES, 7), generator=torch.Generator().manual_seed(1))


def _vectors(*dims: int) -> Tensor:
    return torch.randn(EXAMPLES, *dims, generator=torch.Generator().manual_seed(2)).double()


@pytest.mark.parametrize(
    ("make", "x", "note"),
    [
        (GroupedConvolutions, _vectors(4, 16, 16), ""),
        (Attention, _ids(), ""),
        (TiedWeights, _ids(), "Tied weights"),
        (Escaping, _vectors(8), "escape the taps"),
        (OwnParameters, _vectors(8), "ConvTranspose1d, ParametrizedLinear"),
    ],
)
def test_unusual_networks_are_right_and_say_how(make: Any, x: Tensor, note: str) -> None:
    torch.manual_seed(0)
    network = make().double().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # statistics other than 0 and 1
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    norms, notes = _tapped(network, x)
    np.testing.assert_allclose(norms, loop_gradient_norms(network, x, _targets()), rtol=1e-9)
    assert (notes == ()) if not note else (note in notes[0])


def test_no_weight_gradient_is_computed_and_the_network_is_left_as_it_was() -> None:
    network = nn.Sequential(nn.Linear(8, 6), nn.Dropout(0.5), nn.ReLU(), nn.Linear(6, CLASSES)).double().train()
    network[0].bias.requires_grad_(False)
    with GradientTap(network) as tap:
        assert not any(p.requires_grad for p in network.parameters())
        assert not network.training  # dropout is off: always eval mode
        tap.squared_norms(_vectors(8), network(_vectors(8)), _targets())
        assert all(p.grad is None for p in network.parameters())
    assert [p.requires_grad for p in network.parameters()] == [True, False, True, True]
    assert network.training
    assert not network[0]._forward_hooks


def test_batch_size_changes_nothing_but_rounding() -> None:
    torch.manual_seed(0)
    network, x = GroupedConvolutions().double().eval(), _vectors(4, 16, 16)
    with GradientTap(network) as tap:
        whole = tap.squared_norms(x, network(x), _targets())
        single = [
            tap.squared_norms(x[i : i + 1], network(x[i : i + 1]), _targets()[i : i + 1]) for i in range(EXAMPLES)
        ]
    torch.testing.assert_close(whole, torch.cat(single), rtol=1e-12, atol=0)


def test_a_network_that_overwrites_a_layers_input_is_refused_in_words() -> None:
    class Overwrites(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(8, 8), nn.Linear(8, CLASSES)

        def forward(self, x: Tensor) -> Tensor:
            y = x * 1
            z = self.a(y)
            y += 5  # after the layer has read it
            return self.b(z) + y.sum(1, keepdim=True)

    with pytest.raises(ModelError, match="modified by an inplace operation"):
        _tapped(Overwrites().double().eval(), _vectors(8))


def test_doubling_the_loss_doubles_the_norm_and_finite_differences_agree() -> None:
    torch.manual_seed(0)
    network, x = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, CLASSES)).double(), _vectors(3)[:1]
    target = torch.tensor([2])
    with GradientTap(network) as tap:
        norm = tap.squared_norms(x, network(x), target).sqrt().item()
    squares, step = 0.0, 1e-6
    with torch.no_grad():
        for parameter in network.parameters():
            for place in range(parameter.numel()):
                flat = parameter.view(-1)
                losses = []
                for sign in (1, -2, 1):  # +step, -step, back
                    flat[place] += sign * step
                    losses.append(nn.functional.cross_entropy(network(x), target).item())
                squares += ((losses[0] - losses[1]) / (2 * step)) ** 2
    assert norm == pytest.approx(squares**0.5, rel=1e-6)  # central differences at 1e-6: error about 1e-9 relative


def test_saturated_examples_are_tapped_too() -> None:
    torch.manual_seed(0)
    network = nn.Linear(8, CLASSES).double()
    network.weight.data *= 40  # probabilities of 1 within rounding: gradients near zero
    norms, notes = _tapped(network, _vectors(8))
    assert notes == ()
    np.testing.assert_allclose(norms, loop_gradient_norms(network, _vectors(8), _targets()), rtol=1e-7, atol=1e-12)
