"""Faults 41-57: weights from strangers are read as tensors or refused in words, and nothing of theirs runs."""

from __future__ import annotations

import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from core.models.uploaded import fit_state, read_state_dict
from core.types.errors import ModelError


class _Evil:
    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


def _network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"model": s}])
def test_honest_checkpoints_load(wrap: Any, tmp_path: Path) -> None:
    state = _network().state_dict()
    torch.save(wrap(state), tmp_path / "w.pt")
    network = _network()
    fit_state(network, read_state_dict(tmp_path / "w.pt"), tmp_path / "w.pt")
    assert all(torch.equal(a, b) for a, b in zip(network.state_dict().values(), state.values(), strict=True))


def test_safetensors_and_data_parallel_names_load(tmp_path: Path) -> None:
    state = _network().state_dict()
    save_file(state, tmp_path / "w.safetensors")
    assert read_state_dict(tmp_path / "w.safetensors").keys() == state.keys()
    torch.save({f"module.{k}": v for k, v in state.items()}, tmp_path / "p.pt")
    assert read_state_dict(tmp_path / "p.pt").keys() == state.keys()


def test_evil_checkpoint_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    torch.save({"w": _Evil(mark)}, tmp_path / "evil.pt")
    with pytest.raises(ModelError, match=r"This checkpoint contains code \((posix|nt|os)\.system\). Nothing was run"):
        read_state_dict(tmp_path / "evil.pt")
    assert not mark.exists()


@pytest.mark.parametrize("name", ["legacy.pt", "evil.joblib", "evil.pkl", "evil.skops"])
def test_pickles_under_any_name_run_nothing(name: str, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    (tmp_path / name).write_bytes(pickle.dumps(_Evil(mark), protocol=2))
    with pytest.raises(ModelError, match="Nothing was run"):
        read_state_dict(tmp_path / name)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("evil/models/model.json", "exported program"),
        ("evil/code/__torch__.py", "TorchScript"),
        ("serialized_exported_program.json", "exported program"),
    ],
)
def test_archives_of_code_are_refused(member: str, words: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.pt", "w") as archive:
        archive.writestr(member, "x")
    with pytest.raises(ModelError, match=words):
        read_state_dict(tmp_path / "evil.pt")


def _whole_file(tmp_path: Path) -> bytes:
    torch.save(_network().state_dict(), tmp_path / "whole.pt")
    return (tmp_path / "whole.pt").read_bytes()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda whole: b"", "empty file"),
        (lambda whole: whole[: len(whole) // 2], "damaged"),
        (lambda whole: b"<!DOCTYPE html><html></html>", "not a checkpoint"),
        (lambda whole: b"hello, I am text", "not a checkpoint"),
    ],
)
def test_files_that_are_no_checkpoints(make: Any, words: str, tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(make(_whole_file(tmp_path)))
    with pytest.raises(ModelError, match=words):
        read_state_dict(tmp_path / "w.pt")


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**60) + b"{}",  # a header longer than the file
        struct.pack("<Q", 64) + b'{"w":{"dtype":"F32","shape":[999999],"data_offsets":[0,8]}}'.ljust(64) + b"\0" * 8,
    ],
)
def test_lying_safetensors_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        read_state_dict(tmp_path / "w.safetensors")


def test_missing_file_and_whole_models_are_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such checkpoint"):
        read_state_dict(tmp_path / "nowhere.pt")
    torch.save({"lr": 0.1}, tmp_path / "w.pt")
    with pytest.raises(ModelError, match="not a state_dict"):
        read_state_dict(tmp_path / "w.pt")


def test_differing_keys_and_shapes_are_listed(tmp_path: Path) -> None:
    network, path = _network(), tmp_path / "w.pt"
    state = dict(network.state_dict())
    wrong = {**state, "extra": torch.zeros(1)}
    del wrong["0.bias"]
    with pytest.raises(ModelError, match=r"missing: 0\.bias; unexpected: extra"):
        fit_state(network, wrong, path)
    with pytest.raises(ModelError, match=r"2\.weight is 5 x 3, the model has 2 x 3"):
        fit_state(network, {**state, "2.weight": torch.zeros(5, 3)}, path)


def test_half_precision_weights_take_the_models_type() -> None:
    network = _network()
    fit_state(network, {k: v.half() for k, v in network.state_dict().items()}, Path("w.pt"))
    assert {v.dtype for v in network.state_dict().values()} == {torch.float32}


def test_numpy_is_never_unpickled_in_this_folder() -> None:
    import core.models

    sources = "\n".join(p.read_text() for p in Path(core.models.__file__).parent.glob("*.py"))
    assert "weights_only=False" not in sources
    assert "allow_pickle=True" not in sources
