"""Seeds that do not collide, and batches chosen by the network alone."""

import torch
from torch import nn

from core.models.mlp import Mlp
from core.numerics.batches import batch_for
from core.numerics.devices import derive_seed


def test_derived_seeds_depend_on_every_part() -> None:
    seeds = {derive_seed("seed", run, s) for run in range(30) for s in range(30)}
    assert len(seeds) == 900
    assert derive_seed("fold", 0, 1) != derive_seed("seed", 0, 1)
    assert derive_seed("seed", 3, 1) == derive_seed("seed", 3, 1)


def test_the_batch_follows_the_networks_activations_and_the_memory() -> None:
    small, image = Mlp((20, 64), 5), torch.randn(1, 3, 32, 32)
    wide = nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3))
    assert batch_for(small, torch.randn(1, 20)) == 2048
    assert batch_for(wide, image) < batch_for(nn.Sequential(nn.Conv2d(3, 8, 3)), image)
    budget = 2**20
    few = batch_for(wide, image, memory=budget)
    assert 1 <= few < batch_for(wide, image)
    assert few == 1 or few * 4 * (2 * 64 * (30 * 30 + 30 * 30 + 28 * 28)) <= budget
