"""Where evidence lands inside a run folder, and the snapshots that let training go on after any epoch.

arrays/logits.npy [S, T, N, C]   arrays/seen_correct.npy [S, T, N]   arrays/features-s0-e12.npy [N, d]
arrays/gradient_norm-s0-e12.npy [N]   arrays/spread-late.npy [S, N]   model/s0-e12.safetensors
work/evidence.json (fingerprint)   work/seed-0.safetensors (snapshot)   work/seed-0.json (finished)
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from torch import nn

from core.models.stored import load_into, weights_of
from core.store.atomic import read_json, write_array, write_json
from core.store.checkpoints import read_weights, write_weights
from core.types.errors import RunError
from core.types.trace import Checkpoint

_SINGLE = 2**30  # bytes; a larger logits file is kept in half precision


class _Claim(TypedDict):
    fingerprint: str
    question: dict[str, Any]


@dataclass(frozen=True)
class Recorder:
    """Names and writes everything that training leaves in `folder`."""

    folder: Path

    @property
    def work(self) -> Path:
        """Snapshots, markers and scratch files."""
        return self.folder / "work"

    def array(self, name: str) -> Path:
        """arrays/<name>.npy."""
        return self.folder / "arrays" / f"{name}.npy"

    def claim(self, question: dict[str, Any]) -> None:
        """Bind the folder to one question; `RunError` when it already holds the answer to another."""
        fingerprint = hashlib.sha256(json.dumps(question, sort_keys=True, default=str).encode()).hexdigest()
        marker = self.work / "evidence.json"
        if not marker.exists():
            write_json(marker, {"fingerprint": fingerprint, "question": json.loads(json.dumps(question, default=str))})
            return
        there = read_json(marker, _Claim)
        if there["fingerprint"] != fingerprint:
            differing = sorted(
                k for k in question if json.loads(json.dumps(question[k], default=str)) != there["question"].get(k)
            )
            raise RunError(
                f"The evidence in {self.folder} does not match: another {', '.join(differing) or 'question'}.",
                "Resume with the same data and settings, or choose a new folder.",
            )

    def open_array(self, name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """A writable memory-mapped array; one of the same shape and type is continued, anything else replaced."""
        path = self.array(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            with suppress(ValueError, EOFError):  # cut or edited: replaced, too
                there = np.load(path, mmap_mode="r+", allow_pickle=False)
                if there.shape == shape and there.dtype == np.dtype(dtype):
                    return there
        return np.lib.format.open_memmap(path, "w+", dtype, shape)

    def open_logits(self, seeds: int, epochs: int, rows: int, classes: int) -> np.ndarray:
        """[S, T, N, C] float32, or float16 above 1 GB."""
        shape = (seeds, epochs, rows, classes)
        return self.open_array("logits", shape, np.float32 if 4 * int(np.prod(shape)) <= _SINGLE else np.float16)

    def read(self, name: str) -> np.ndarray | None:
        """The array as a read-only memory map; None when it is not there, or damaged: it is made again."""
        path = self.array(name)
        with suppress(ValueError, EOFError):
            return np.load(path, mmap_mode="r", allow_pickle=False) if path.exists() else None
        return None

    def write(self, name: str, values: np.ndarray) -> None:
        """Replace arrays/<name>.npy."""
        write_array(self.array(name), values)

    def store(self, features: np.ndarray | None, gradient_norm: np.ndarray | None, index: int, epoch: int) -> None:
        """Write what the pass of seed number `index` took after `epoch`."""
        if isinstance(features, np.memmap):
            features.flush()  # it was written where it belongs as it came
        elif features is not None:
            self.write(f"features-s{index}-e{epoch}", features)
        if gradient_norm is not None:
            self.write(f"gradient_norm-s{index}-e{epoch}", gradient_norm.astype(np.float32))

    def checkpoint(self, seed_index: int, seed: int, epoch: int, rate: float) -> Checkpoint:
        """The kept moment after `epoch`."""
        return Checkpoint(seed, epoch, rate, f"model/s{seed_index}-e{epoch}.safetensors")

    def finished(self, piece: str) -> dict[str, Any] | None:
        """What `finish` said about a piece of work, or None while it is not done."""
        marker = self.work / f"{piece}.json"
        return read_json(marker, dict) if marker.exists() else None

    def finish(self, piece: str, about: dict[str, Any]) -> None:
        """Mark a piece as done; its snapshot is no longer needed."""
        write_json(self.work / f"{piece}.json", about)
        (self.work / f"{piece}.safetensors").unlink(missing_ok=True)

    def snapshot(
        self, piece: str, network: nn.Module, optimizer: torch.optim.Optimizer, epoch: int, rates: list[float]
    ) -> None:
        """Replace the piece's snapshot: weights, optimizer and the rates of the finished epochs."""
        arrays = {f"net:{k}": v for k, v in weights_of(network).items()}
        for number, state in optimizer.state_dict()["state"].items():
            arrays |= {f"opt:{number}:{k}": v.detach().cpu().numpy() for k, v in state.items() if v is not None}
        write_weights(self.work / f"{piece}.safetensors", arrays, {"epoch": str(epoch), "rates": json.dumps(rates)})

    def restore(self, piece: str, network: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, list[float]]:
        """Load the snapshot into network and optimizer; (0, []) when there is none."""
        path = self.work / f"{piece}.safetensors"
        if not path.exists():
            return 0, []
        arrays = read_weights(path)
        about = _header(path)
        load_into(network, {k[4:]: v for k, v in arrays.items() if k.startswith("net:")})
        plain = optimizer.state_dict()
        plain["state"] = _optimizer_state({k[4:]: v for k, v in arrays.items() if k.startswith("opt:")})
        optimizer.load_state_dict(plain)
        return int(about["epoch"]), list(json.loads(about["rates"]))


def _optimizer_state(arrays: dict[str, np.ndarray]) -> dict[int, dict[str, torch.Tensor]]:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in arrays.items():
        number, key = name.split(":")
        tensor = torch.from_numpy(value.copy())
        # safetensors written from numpy stores a scalar as one number in a row
        state.setdefault(int(number), {})[key] = tensor.reshape(()) if key == "step" else tensor
    return state


def _header(path: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        return dict(file.metadata() or {})
