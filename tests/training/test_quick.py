"""The fused inference pass against the same quantities taken apart, for built-in networks and modules of one's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from training.tiny_worlds import Counting

from core.models.mlp import Mlp
from core.models.vector_rows import VectorRows
from core.numerics.batches import batch_for
from core.numerics.closed_forms import QUICK
from core.training.quick import quick_scores
from core.types.errors import Cancelled, CurationError, ModelError


class Own(nn.Module):
    """Another person's network: convolutions, dropout, batch norm, a head without bias."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.5))
        self.top = nn.Linear(8, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.top(self.body(x).mean((2, 3)))


def _own() -> tuple[Own, Tensor, Tensor]:
    torch.manual_seed(0)
    return Own(), torch.randn(50, 3, 9, 9), torch.randint(0, 4, (50,))


def test_a_module_of_ones_own_is_read_in_one_pass_and_left_as_it_was() -> None:
    network, x, y = _own()
    network.body[1].eval()  # one frozen layer among training ones
    before = {k: v.clone() for k, v in network.state_dict().items()}
    seen: list[int] = []
    network.body[0].register_forward_hook(lambda _, args, __: seen.append(len(args[0])))
    found = quick_scores(network, x, y, batch=16)
    assert sum(seen) == 50  # every row once, and nothing else
    assert [m.training for m in network.modules()] == [m is not network.body[1] for m in network.modules()]
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    network.eval()
    with torch.no_grad():
        h = network.body(x).mean((2, 3)).double()
        z = network.top.double()(h)
    p = z.softmax(1)
    delta = p - nn.functional.one_hot(y, 4)
    np.testing.assert_allclose(found["el2n"], delta.norm(dim=1), rtol=1e-5)
    np.testing.assert_allclose(found["grand_last"], delta.norm(dim=1) * h.norm(dim=1), rtol=1e-5)  # no bias: no + 1
    np.testing.assert_allclose(found["gradnorm_ood"], h.abs().sum(1) * (p - 0.25).abs().sum(1), rtol=1e-4)
    np.testing.assert_allclose(found["loss"], nn.functional.cross_entropy(z, y, reduction="none"), rtol=1e-5)


def test_arrays_tensors_and_encoded_rows_are_the_same() -> None:
    x, y = np.random.default_rng(0).normal(size=(70, 6)), np.arange(70) % 3
    network = Mlp((6, 8), 3)
    one, two = quick_scores(network, x, y, batch=7), quick_scores(network, torch.from_numpy(x).float(), y)
    three = quick_scores(network, VectorRows(x), y, ("margin",))
    for name in QUICK:  # float32 products of other shapes
        np.testing.assert_allclose(one[name], two[name], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(three["margin"], two["margin"], rtol=1e-4, atol=1e-6)


def test_bfloat16_keeps_the_order() -> None:
    torch.manual_seed(1)
    network, x, y = Mlp((20, 64, 64), 5), torch.randn(2_000, 20), torch.randint(0, 5, (2_000,))
    exact, rough = quick_scores(network, x, y), quick_scores(network, x, y, bf16=True)
    for name in QUICK:
        assert rough[name].dtype == np.float32
        assert not np.array_equal(rough[name], exact[name])
        assert spearmanr(exact[name], rough[name]).statistic >= 0.999


def test_cancel_stops_within_one_batch() -> None:
    network, x, y = _own()
    progress = Counting(stop=2)
    progress.stage("", 5)
    with pytest.raises(Cancelled):
        quick_scores(network, x, y, batch=10, progress=progress)
    assert progress.steps == 2


def test_what_does_not_fit_is_refused_in_words() -> None:
    network, x, y = _own()
    with pytest.raises(CurationError, match="'vog' has no closed form"):
        quick_scores(network, x, y, ("vog",))
    with pytest.raises(ModelError, match="50 inputs and 49 labels"):
        quick_scores(network, x, y[:49])
    with pytest.raises(ModelError, match="Label 9 occurs, the model has 4 outputs"):
        quick_scores(network, x, torch.full((50,), 9))
    with pytest.raises(ModelError, match="has no Linear layer"):
        quick_scores(nn.Sequential(nn.Conv2d(3, 4, 9), nn.Flatten()), x, y)


def test_the_batch_follows_the_networks_activations_and_the_memory() -> None:
    small, image = Mlp((20, 64), 5), torch.randn(1, 3, 32, 32)
    wide = nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3))
    assert batch_for(small, torch.randn(1, 20)) == 2048
    assert batch_for(wide, image) < batch_for(nn.Sequential(nn.Conv2d(3, 8, 3)), image)
    budget = 2**20
    few = batch_for(wide, image, memory=budget)
    assert 1 <= few < batch_for(wide, image)
    assert few == 1 or few * 4 * (2 * 64 * (30 * 30 + 30 * 30 + 28 * 28)) <= budget
