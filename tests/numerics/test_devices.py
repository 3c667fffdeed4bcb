"""Seeds that do not collide, and batches chosen by the network alone."""

from torch import nn

from core.numerics.devices import derive_seed, scoring_batch


def test_derived_seeds_depend_on_every_part() -> None:
    seeds = {derive_seed("seed", run, s) for run in range(30) for s in range(30)}
    assert len(seeds) == 900
    assert derive_seed("fold", 0, 1) != derive_seed("seed", 0, 1)
    assert derive_seed("seed", 3, 1) == derive_seed("seed", 3, 1)


def test_scoring_batch_follows_kind_and_size() -> None:
    convolutional, dense = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)
    assert 64 <= scoring_batch(convolutional, 3 * 32 * 32) <= 128
    assert scoring_batch(dense, 50) >= 500
    assert scoring_batch(dense, 10**9) == 1
