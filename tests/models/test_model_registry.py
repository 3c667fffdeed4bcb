"""The registry: light to import, complete, and helpful about names."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest
import torch

from core.models import MODELS, model_named
from core.models.family import InputShape
from core.types.errors import ModelError
from core.types.examples import Modality

_DIMS = {Modality.IMAGE: (1, 28, 28), Modality.TABLE: (5,), Modality.TEXT: (30,)}
_NETWORKS = [(f, m) for f in MODELS if not f.probabilities_only for m in f.modalities if m in _DIMS]


def test_importing_the_registry_imports_neither_torch_nor_sklearn() -> None:
    code = "import sys, core.models; sys.exit(any(m in sys.modules for m in ('torch', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("family", MODELS, ids=lambda f: f.name)
def test_every_family_describes_itself(family) -> None:
    assert family.title
    assert family.summary
    assert family.modalities
    assert all(field.metadata["label"] for field in fields(family.params))


@pytest.mark.parametrize(("family", "modality"), _NETWORKS, ids=lambda v: getattr(v, "name", v))
def test_networks_are_made_by_their_seed_alone(family, modality) -> None:
    shape = InputShape(modality, _DIMS[modality])
    state = torch.random.get_rng_state()
    one, two, other = (family.build(shape, 4, family.params(), s) for s in (1, 1, 2))
    assert torch.equal(state, torch.random.get_rng_state())  # the global generator is left alone
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    x = (
        (torch.ones(2, 3, dtype=torch.int64), torch.ones(2, 3))
        if modality is Modality.TEXT
        else torch.ones(2, *_DIMS[modality])
    )
    assert one(x).shape == (2, 4)
    torch.testing.assert_close(one.head(one.features(x)), one(x), rtol=0, atol=0)


def test_small_cnn_has_about_a_hundred_thousand_weights() -> None:
    family = model_named("small_cnn", Modality.IMAGE)
    network = family.build(InputShape(Modality.IMAGE, (3, 32, 32)), 10, family.params(), 0)
    assert 80_000 <= sum(p.numel() for p in network.parameters()) <= 130_000


def test_auto_names_and_mistakes() -> None:
    assert [model_named("auto", m).name for m in (Modality.IMAGE, Modality.TEXT, Modality.TABLE)] == [
        "small_cnn",
        "bow_mlp",
        "mlp",
    ]
    with pytest.raises(ModelError, match='Unknown model "small_cn"') as caught:
        model_named("small_cn", Modality.IMAGE)
    assert 'Did you mean "small_cnn"' in caught.value.hint
    with pytest.raises(ModelError, match="cannot read text"):
        model_named("resnet", Modality.TEXT)
    family = model_named("small_cnn", Modality.IMAGE)
    with pytest.raises(ModelError, match="too small"):
        family.build(InputShape(Modality.IMAGE, (3, 4, 4)), 2, family.params(), 0)
