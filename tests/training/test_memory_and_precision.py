"""A stated memory bounds what a pass takes, measured in a process of its own; bfloat16 is a choice and keeps order."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from training.tiny_worlds import pictures

from core.cli.parser import parse
from core.models.stored import load_card
from core.training import gather_evidence
from core.training.evidence import Resources
from core.types.errors import CurationError, RunError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec, spec_from_json
from core.types.signals import Signal

ROOT = Path(__file__).resolve().parents[2]
DEAR = frozenset({Signal.FEATURES, Signal.GRADIENT_NORM})
SPEC = TrainingSpec(epochs=2, seeds=1, checkpoints=2, batch_size=16, model="small_cnn", model_params={"width": 8})
_CHILD = """
import json, sys
import numpy as np, torch
torch.set_num_threads(1)
from torch import nn
from core.models.adapter import AdaptedNetwork
from core.training.passes import PassSettings, run_pass
from core.training.rows import ArrayRows
from core.types.signals import Signal
from core.types.progress import SilentProgress

def high_water():
    line = next(x for x in open("/proc/self/status") if x.startswith("VmHWM"))
    return 1024 * int(line.split()[1])

memory = int(sys.argv[1]) or None
inner = nn.Sequential(nn.Conv2d(3, 48, 3), nn.ReLU(), nn.Conv2d(48, 48, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                      nn.Flatten(), nn.Linear(48, 4))
network, rows = AdaptedNetwork(inner, 4), ArrayRows(np.zeros((160, 3, 48, 48), np.float32))
signals = frozenset({Signal.FEATURES, Signal.GRADIENT_NORM})
settings = PassSettings(memory=memory)
ask = lambda: run_pass(network, rows, np.zeros(160, int), signals, progress=SilentProgress(), settings=settings)
run_pass(network, ArrayRows(np.zeros((2, 3, 48, 48), np.float32)), np.zeros(2, int), signals,
         progress=SilentProgress(), settings=PassSettings(batch=2))  # kernels are loaded before anything is measured
open("/proc/self/clear_refs", "w").write("5")
before = high_water()
ask()
print(json.dumps(high_water() - before))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the kernel keeps no high-water mark here")
def test_a_pass_stays_within_the_memory_it_is_given() -> None:
    def taken(memory: int) -> int:
        command = [sys.executable, "-c", _CHILD, str(memory)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    budget = 32 * 2**20
    held, free = taken(budget), taken(0)  # 7 to 10 MB, and 72 to 106 as the allocator has it
    assert held <= budget
    assert free > 1.5 * budget  # without a budget it takes more, so the budget did something
    assert free > 4 * held


def test_large_features_go_to_a_file_as_they_come(tmp_path: Path) -> None:
    examples = pictures()
    ask = {"seed": 3, "progress": SilentProgress()}
    plain = gather_evidence(examples, SPEC, DEAR, folder=tmp_path / "plain", **ask)
    tight = gather_evidence(examples, SPEC, DEAR, folder=tmp_path / "tight", resources=Resources(memory=2**15), **ask)
    for one, two in zip(plain.checkpoints, tight.checkpoints, strict=True):
        np.testing.assert_allclose(one.features, two.features, rtol=1e-4, atol=1e-5)  # other batches, float32
        np.testing.assert_allclose(one.gradient_norm, two.gradient_norm, rtol=1e-3)
        assert isinstance(two.features, np.memmap)


def test_bfloat16_keeps_the_order_and_is_noted(tmp_path: Path) -> None:
    examples, signals = pictures(), frozenset({Signal.LOGITS, Signal.FEATURES})
    ask = {"seed": 3, "progress": SilentProgress()}
    exact = gather_evidence(examples, SPEC, signals, folder=tmp_path / "a", **ask)
    rough = gather_evidence(examples, replace(SPEC, bf16=True), signals, folder=tmp_path / "b", **ask)
    one, two = exact.trace.logits[0, -1].ravel(), rough.trace.logits[0, -1].ravel()
    assert two.dtype == np.float32
    assert not np.array_equal(one, two)
    assert spearmanr(one, two).statistic >= 0.999
    assert "bfloat16" in load_card(tmp_path / "b" / "model")[0].notes[0]
    assert load_card(tmp_path / "a" / "model")[0].notes == ()
    with pytest.raises(RunError, match="another training"):  # other numbers are another question
        gather_evidence(examples, SPEC, signals, folder=tmp_path / "b", **ask)


def test_flags_and_fingerprints() -> None:
    asked = parse(["run", "digits", "--out", "x", "--memory", "2GB", "--bf16"])
    assert (asked.memory, asked.bf16) == (2 * 2**30, True)
    with pytest.raises(CurationError, match="no amount of memory"):
        parse(["run", "digits", "--out", "x", "--memory", "lots"])
    spec = RunSpec("digits")
    assert replace(spec, memory=2**30).fingerprint() == spec.fingerprint()  # how, not what
    assert replace(spec, training=TrainingSpec(bf16=True)).fingerprint() != spec.fingerprint()
    full = replace(spec, memory=5, training=TrainingSpec(bf16=True))
    assert spec_from_json(full.to_json()) == full
