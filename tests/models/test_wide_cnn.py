"""The wide network: sizes, examples that do not see each other, and gradient norms that are exact."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles.per_example_gradients import loop_gradient_norms

from core.models import InputShape, model_named
from core.models.wide_cnn import WideCnn
from core.numerics.per_example import GradientTap
from core.types.errors import ModelError
from core.types.examples import Modality


def _network(dims: tuple[int, int, int] = (3, 32, 32), width: int = 64) -> WideCnn:
    family = model_named("wide_cnn", Modality.IMAGE)
    return family.build(InputShape(Modality.IMAGE, dims), 10, family.params(width=width), 0)


def test_three_hundred_thousand_weights() -> None:
    assert 250_000 <= sum(p.numel() for p in _network().parameters()) <= 350_000


@pytest.mark.parametrize("dims", [(3, 32, 32), (1, 28, 28), (1, 8, 8), (3, 33, 35), (3, 64, 48)])
def test_sizes(dims: tuple[int, int, int]) -> None:
    network = _network(dims, 8).eval()
    x = torch.randn(3, *dims, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert network.features(x).shape == (3, 16)
        torch.testing.assert_close(network.head(network.features(x)), network(x), rtol=0, atol=0)
    with pytest.raises(ModelError, match="too small"):
        _network((3, 6, 32))
    with pytest.raises(ModelError, match="multiple of 8"):
        _network(dims, 12)


def test_no_example_sees_another_in_any_mode() -> None:
    network, x = _network(width=16), torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for mode in (True, False):
        network.train(mode)
        with torch.no_grad():
            alone = torch.cat([network(one[None]) for one in x])
            torch.testing.assert_close(network(x), alone, rtol=1e-4, atol=1e-5)  # float32 sums in another order


def test_gradient_norms_are_exact() -> None:
    network = _network(width=8).double().eval()
    x = torch.randn(4, 3, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([0, 3, 3, 9])
    with GradientTap(network) as tap:
        found = tap.squared_norms(x, network(x), y).sqrt().numpy()
    assert tap.notes == ()
    np.testing.assert_allclose(found, loop_gradient_norms(network, x, y), rtol=1e-9)  # float64 throughout
