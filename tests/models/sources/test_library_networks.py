"""timm:NAME and torchvision:NAME: the library's own numbers at a series of weights; other names run nothing.

Both libraries come for one version of torch each, so that these tests are skipped where they do not load.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from training.tiny_worlds import pictures

from core.models.sources import described, opened, placed, refuse_unreadable
from core.training import gather_evidence
from core.types.errors import ModelError
from core.types.progress import SilentProgress
from core.types.runs import TrainingSpec
from core.types.signals import Signal


@pytest.mark.parametrize("words", ["timm:hf_hub:stranger/evil", "timm:local-dir:/tmp/evil", "timm:a/b", "timm:",
                                   "torchvision:../x", "timm:resnet18,checkpoint_path=/tmp/evil.pth"])  # fmt: skip
def test_names_that_are_no_names_are_refused(words: str) -> None:
    with pytest.raises(ModelError, match="Nothing was run"):
        refuse_unreadable(TrainingSpec(model=words, weights=("w.pth",)))


def test_without_the_library_its_extra_is_named(monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ModelError, match="timm") as told:
        refuse_unreadable(TrainingSpec(model="timm:resnet18", weights=("w.pth",)))
    assert "chaffinch[timm]" in told.value.hint or "build must fit" in told.value.hint


def _network(model: str):
    library, _, name = model.partition(":")
    torch.manual_seed(0)
    if library == "timm":
        return pytest.importorskip("timm", exc_type=ImportError).create_model(name, pretrained=False, num_classes=3)
    models = pytest.importorskip("torchvision.models", exc_type=ImportError)
    return models.get_model(name, weights=None, num_classes=3)


@pytest.mark.parametrize("model", ["timm:resnet10t", "torchvision:shufflenet_v2_x0_5"])
def test_scores_are_the_librarys_at_each_file(model: str, tmp_path: Path) -> None:
    network, files, wanted = _network(model).eval(), [], []
    examples = pictures(rows=9, side=32)
    pixels = torch.from_numpy(examples.inputs).permute(0, 3, 1, 2).float() / 255
    for number in range(2):
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.01 * torch.randn_like(parameter))
            wanted.append(network((pixels - 0.5) / 0.25).numpy())
        files.append(tmp_path / f"e{number}.pth")
        saved = {f"module.{name}": value for name, value in network.state_dict().items()}
        torch.save({"state_dict": saved, "epoch": number}, files[-1])
    spec = TrainingSpec(
        model=model, weights=tuple(map(str, files)), seeds=1, image_size=(32, 32), mean=(0.5,) * 3, std=(0.25,) * 3
    )
    spec = placed(spec)
    evidence = gather_evidence(
        examples,
        spec,
        frozenset({Signal.LOGITS, Signal.FEATURES}),
        folder=tmp_path / "run",
        seed=0,
        progress=SilentProgress(),
        trusted_factory=opened("none", spec),
    )
    np.testing.assert_allclose(evidence.trace.logits[0], np.stack(wanted), rtol=1e-5, atol=1e-5)
    facts = described(spec)
    assert (facts.class_count, facts.moments) == (3, 2)
    assert facts.parameters == sum(p.numel() for p in network.parameters())
