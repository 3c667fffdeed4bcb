"""Transformers tapped in closed form: packed attention, positions shared by all examples, layer norms, embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from oracles.per_example_gradients import loop_gradient_norms, loss_gradient_norms
from tiny_transformers import CLASSES, LENGTH, SharedNorm, Squeezing, TinyBert, TinyGpt, token_ids
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from core.numerics.packed_attention import PackedAttention
from core.numerics.per_example import GradientTap

IDS, MASK = token_ids()
TARGETS = torch.arange(len(IDS)) % CLASSES


def tapped(network: nn.Module, x: Any, targets: Tensor = TARGETS) -> tuple[np.ndarray, tuple[str, ...]]:
    with GradientTap(network) as tap:
        tap.check(tuple(part[:2] for part in x) if isinstance(x, tuple) else x[:2])
        return tap.squared_norms(x, network(x), targets).sqrt().numpy(), tap.notes


def made(make: Any) -> nn.Module:
    torch.manual_seed(0)
    return make().eval()


@pytest.mark.parametrize(
    ("make", "x"),
    [
        (TinyBert, (IDS, MASK)),
        (lambda: TinyBert(batch_first=False), (IDS, MASK)),
        (lambda: TinyBert(need_weights=True), (IDS, MASK)),
        (TinyGpt, IDS),
        (SharedNorm, IDS),
    ],
    ids=["bert", "batch-second", "with-weights", "gpt", "shared-norm"],
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
def test_ghost_norms_of_a_transformer_equal_vmap_grad(make: Any, x: Any, dtype: torch.dtype, tolerance: float) -> None:
    network = made(make).to(dtype)
    norms, notes = tapped(network, x)
    assert notes == (), "in closed form, layer by layer"
    with sdpa_kernel(SDPBackend.MATH):  # the fused kernels have no batching rule
        expected = loss_gradient_norms(network, x, TARGETS)
    np.testing.assert_allclose(norms, expected, rtol=tolerance)
    np.testing.assert_allclose(norms, loop_gradient_norms(network, x, TARGETS), rtol=tolerance)


@pytest.mark.parametrize("rows", [1, LENGTH, LENGTH + 1])
def test_as_many_examples_as_positions_are_no_reason_to_take_one_for_the_other(rows: int) -> None:
    network, (ids, _) = made(TinyGpt).double(), token_ids(LENGTH + 1)
    targets = torch.arange(LENGTH + 1) % CLASSES
    with GradientTap(network) as tap:
        tap.check(ids[:2])
        norms = tap.squared_norms(ids[:rows], network(ids[:rows]), targets[:rows]).sqrt().numpy()
    np.testing.assert_allclose(norms, loop_gradient_norms(network, ids[:rows], targets[:rows]), rtol=1e-10)


def test_a_network_that_does_not_bear_spread_positions_is_taken_as_a_whole() -> None:
    network = made(Squeezing).double()
    norms, notes = tapped(network, IDS)
    assert "escape the taps" in notes[0]
    np.testing.assert_allclose(norms, loop_gradient_norms(network, IDS, TARGETS), rtol=1e-10)


MASKS = {
    "none": {},
    "bool": {"attn_mask": torch.ones(LENGTH, LENGTH).triu(1).bool()},
    "float": {"attn_mask": torch.linspace(-1, 1, LENGTH * LENGTH).reshape(LENGTH, LENGTH).double()},
    "by-head": {"attn_mask": torch.linspace(-1, 1, 10 * LENGTH**2).reshape(10, LENGTH, LENGTH).double()},
    "padding": {"key_padding_mask": MASK == 0},
    "both": {"key_padding_mask": MASK == 0, "attn_mask": torch.ones(LENGTH, LENGTH).triu(2).bool()},
}


@pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("weights", [True, False])
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"kdim": 5, "vdim": 3}, {"batch_first": False}], ids=str)
def test_packed_attention_is_torchs_own_to_rounding(options: dict, masks: dict, weights: bool) -> None:
    torch.manual_seed(0)
    module = nn.MultiheadAttention(8, 2, **{"batch_first": True, **options}).double().eval()
    if module.in_proj_bias is not None:
        nn.init.normal_(module.in_proj_bias)  # zero as torch makes it
    sizes = (8, options.get("kdim", 8), options.get("vdim", 8))
    read = [torch.randn(len(IDS), LENGTH, size).double() for size in sizes]
    if not module.batch_first:
        read = [x.transpose(0, 1) for x in read]
    expected = module(*read, need_weights=weights, **masks)
    stand_in = PackedAttention(module, lambda: False)
    found = module(*read, need_weights=weights, **masks)
    stand_in.remove()
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
    assert "forward" not in module.__dict__


def test_the_tap_leaves_an_attention_as_it_was() -> None:
    network = made(TinyBert)
    before = network((IDS, MASK))
    tapped(network, (IDS, MASK))
    assert all("forward" not in vars(module) for module in network.modules())
    assert torch.equal(network((IDS, MASK)), before)
    assert all(p.requires_grad for p in network.parameters())
