"""Faults 41-57: weights from strangers are read as tensors or refused in words, and nothing of theirs runs."""

from __future__ import annotations

import argparse
import ast
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from core.models.uploaded import fit_state, read_state_dict
from core.store.checkpoints import read_weights
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
    fit_state(network, read_state_dict(tmp_path / "w.pt"), "w.pt")
    assert all(torch.equal(a, b) for a, b in zip(network.state_dict().values(), state.values(), strict=True))


def test_safetensors_and_data_parallel_names_load(tmp_path: Path) -> None:
    state = _network().state_dict()
    save_file(state, tmp_path / "w.safetensors")
    assert read_state_dict(tmp_path / "w.safetensors").keys() == state.keys()
    for prefix in ("module.", "_orig_mod.", "model.", "module.model."):
        torch.save({f"{prefix}{k}": v for k, v in state.items()}, tmp_path / "p.pt")
        network = _network()
        fit_state(network, read_state_dict(tmp_path / "p.pt"), "p.pt")
        assert torch.equal(network.state_dict()["0.weight"], state["0.weight"])


def test_fault_45_evil_checkpoint_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    torch.save({"w": _Evil(mark)}, tmp_path / "evil.pt")
    with pytest.raises(ModelError, match=r"This checkpoint contains code \((posix|nt|os)\.system\). Nothing was run"):
        read_state_dict(tmp_path / "evil.pt")
    assert not mark.exists()


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("legacy", [False, True], ids=["pickle", "torch"])
def test_fault_46_legacy_pickles_are_said_to_contain_code(legacy: bool, protocol: int, tmp_path: Path) -> None:
    mark, path = tmp_path / "ran", tmp_path / "legacy.pt"
    if legacy:
        torch.save({"w": _Evil(mark)}, path, _use_new_zipfile_serialization=False, pickle_protocol=max(2, protocol))
    else:
        path.write_bytes(pickle.dumps({"epoch": 3, "w": [_Evil(mark), _Evil(mark)]}, protocol=protocol))
    with pytest.raises(ModelError, match=r"contains code \((posix|nt|os)\.system\)\. Nothing was run") as caught:
        read_state_dict(path)
    assert "safetensors" in caught.value.hint
    assert not mark.exists()


@pytest.mark.parametrize(
    "name", [pytest.param("evil.joblib", id="fault-52"), "evil.pkl", pytest.param("evil.skops", id="fault-53")]
)
def test_pickles_under_any_name_run_nothing(name: str, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    (tmp_path / name).write_bytes(pickle.dumps(_Evil(mark), protocol=2))
    with pytest.raises(ModelError, match="Nothing was run"):
        read_state_dict(tmp_path / name)
    assert not mark.exists()


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("value", [np.float64(0.5), np.float32(0.5), np.int64(3), np.bool_(True), np.float16(1)])
def test_numpy_numbers_beside_the_weights_are_harmless(value: Any, legacy: bool, tmp_path: Path) -> None:
    state = _network().state_dict()
    saved = {"state_dict": state, "best": value, "history": [value, value]}
    torch.save(saved, tmp_path / "w.pt", _use_new_zipfile_serialization=not legacy)
    assert read_state_dict(tmp_path / "w.pt").keys() == state.keys()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (argparse.Namespace(lr=0.1), r"argparse\.Namespace"),
        (np.arange(3), r"numpy\.\w+\.multiarray\._reconstruct"),
        (Path("x"), r"pathlib\.\w+"),
    ],
    ids=["Namespace", "array", "path"],
)
def test_other_data_beside_the_weights_is_named_with_the_way_out(value: Any, name: str, tmp_path: Path) -> None:
    torch.save({"state_dict": _network().state_dict(), "args": value}, tmp_path / "w.pt")
    with pytest.raises(ModelError, match=f"holds an object of the type {name} beside its weights") as caught:
        read_state_dict(tmp_path / "w.pt")
    assert "torch.save(checkpoint['state_dict'], 'weights.pt')" in caught.value.hint


def test_a_whole_pickled_network_is_code(tmp_path: Path) -> None:
    torch.save(_network(), tmp_path / "w.pt")
    with pytest.raises(ModelError, match=r"contains code \(torch\.nn\.modules"):
        read_state_dict(tmp_path / "w.pt")


def test_protocols_that_torch_does_not_read_safely_are_said(tmp_path: Path) -> None:
    torch.save({"state_dict": _network().state_dict(), "best": np.float64(1)}, tmp_path / "w.pt", pickle_protocol=4)
    with pytest.raises(ModelError, match="pickle protocol"):
        read_state_dict(tmp_path / "w.pt")


@pytest.mark.parametrize(
    ("member", "words"),
    [
        pytest.param("evil/models/model.json", "exported program", id="fault-50"),
        pytest.param("evil/code/__torch__.py", "TorchScript", id="fault-51"),
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


def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w.safetensors")
    for path in (tmp_path / "w.safetensors", Path("/dev/zero")):
        with pytest.raises(ModelError, match="a pipe or a device"):
            read_state_dict(path)
    with pytest.raises(ModelError, match="no plain file"):
        read_weights(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda whole: b"", "empty file", id="fault-47"),
        pytest.param(lambda whole: whole[: len(whole) // 2], "damaged", id="fault-48"),
        pytest.param(lambda whole: b"<!DOCTYPE html><html></html>", "not a checkpoint", id="fault-49"),
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
        pytest.param(struct.pack("<Q", 2**60) + b"{}", id="fault-54"),  # a header longer than the file
        pytest.param(
            struct.pack("<Q", 64) + b'{"w":{"dtype":"F32","shape":[999999],"data_offsets":[0,8]}}'.ljust(64) + bytes(8),
            id="fault-55",
        ),
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


def test_faults_42_and_43_differing_keys_and_shapes_are_listed(tmp_path: Path) -> None:
    network, path = _network(), "w.pt"
    state = dict(network.state_dict())
    wrong = {**state, "extra": torch.zeros(1)}
    del wrong["0.bias"]
    with pytest.raises(ModelError, match=r"missing: 0\.bias; unexpected: extra"):
        fit_state(network, wrong, path)
    with pytest.raises(ModelError, match=r"2\.weight is 5 x 3, the model has 2 x 3"):
        fit_state(network, {**state, "2.weight": torch.zeros(5, 3)}, path)


def test_half_precision_weights_take_the_models_type() -> None:
    network = _network()
    fit_state(network, {k: v.half() for k, v in network.state_dict().items()}, "w.pt")
    assert {v.dtype for v in network.state_dict().values()} == {torch.float32}


def test_numpy_is_never_unpickled_in_this_folder() -> None:
    import core.models

    calls = [
        (keyword.arg, ast.unparse(keyword.value))
        for path in Path(core.models.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
    ]
    assert ("weights_only", "True") in calls
    assert not {("weights_only", "False"), ("allow_pickle", "True")} & set(calls)


@pytest.mark.parametrize("legacy", [False, True])
def test_fault_57_a_checkpoint_of_a_graphics_card_loads_on_the_processor(legacy: bool, tmp_path: Path) -> None:
    """The place of a storage is a word in the pickle: `cuda:0` there must not ask for a card that is not here."""
    state = _network().state_dict()
    torch.save(state, tmp_path / "w.pt", _use_new_zipfile_serialization=not legacy)
    _rewrite(tmp_path / "w.pt", b"cpu", b"cuda:0")
    found = read_state_dict(tmp_path / "w.pt")
    assert all(torch.equal(found[k], v) and found[k].device.type == "cpu" for k, v in state.items())


def _rewrite(path: Path, old: bytes, new: bytes) -> None:
    """Another text in the pickle; texts carry their length in front."""

    def changed(content: bytes) -> bytes:
        before = b"X" + struct.pack("<I", len(old)) + old
        assert before in content
        return content.replace(before, b"X" + struct.pack("<I", len(new)) + new)

    if not zipfile.is_zipfile(path):
        path.write_bytes(changed(path.read_bytes()))
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, changed(content) if name.endswith("data.pkl") else content)
