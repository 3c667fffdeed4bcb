"""Finished trainings and signals of earlier runs of the workspace, found by what they are made of and never made again.

An entry names files inside the run that made them, with their hashes: nothing is stored twice, and what was deleted or
changed since is not found. Keys hold the dataset's fingerprint, the model, the training or the checkpoint's hash, the
signal, and what decides last digits (torch, threads).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.models.frozen_encoding import FrozenEncoding
from core.models.stored import load_into
from core.store.atomic import read_json, sha256_of, write_json
from core.store.checkpoints import read_weights
from core.types.errors import RunError
from core.types.image_format import ImageFormat
from core.types.signals import Signal

from .fitting import TrainingSetup, take_signals
from .job import TrainingJob
from .plan import stages
from .spread import StageSpreads


@dataclass(frozen=True)
class ArtifactIndex:
    """A folder of small JSON entries; safe to delete."""

    folder: Path

    def put(self, key: Mapping[str, Any], files: Mapping[str, Path], about: Any = None) -> None:
        """Add the files of `key` to the index."""
        there = {name: [str(path.absolute()), sha256_of(path)] for name, path in files.items()}
        write_json(self._entry(key), {"key": key, "files": there, "about": about})

    def find(self, key: Mapping[str, Any]) -> tuple[dict[str, Path], Any] | None:
        """(files by name, what was said about them), if every file is still what it was."""
        entry = self._entry(key)
        if not entry.exists():
            return None
        try:
            known = read_json(entry)
            whole = all(sha256_of(Path(path)) == digest for path, digest in known["files"].values())
        except (OSError, RunError, KeyError, ValueError):  # deleted, moved or damaged: it is made again
            return None
        return ({name: Path(path) for name, (path, _) in known["files"].items()}, known["about"]) if whole else None

    def _entry(self, key: Mapping[str, Any]) -> Path:
        digest = hashlib.sha256(json.dumps(key, sort_keys=True, default=str).encode()).hexdigest()
        return self.folder / f"{digest[:32]}.json"


class Reuse:
    """What one gathering copies from earlier runs and offers to later ones.

    A person's own code and bfloat16 passes are never reused: their keys say too little.
    """

    def __init__(self, job: TrainingJob, cache: Path | None):
        possible = cache is not None and job.factory is None and not job.spec.bf16
        self._index = ArtifactIndex(cache) if possible and cache is not None else None
        self._job = job
        # What the folder held before may be anybody's: only trainings that began here are offered to other runs.
        self._is_ours = not any(job.recorder.work.glob("seed-*"))
        self._made_of = {
            "dataset": job.examples.fingerprint,
            "model": [job.name, dict(job.spec.model_params)],
            "torch": [torch.__version__, torch.get_num_threads()],
            **({"encoder": job.encoder.digest} if isinstance(job.encoder, FrozenEncoding) else {}),
            **({"pictures": asdict(job.image_format)} if job.image_format != ImageFormat() else {}),
        }

    def restore(self, setup: TrainingSetup, kept: Sequence[int], logits: np.ndarray, seen: np.ndarray | None) -> None:
        """Fill in seeds that an earlier run trained with the same question; pass only for signals it did not take."""
        recorder = self._job.recorder
        waiting = [i for i in range(len(logits)) if recorder.finished(f"seed-{i}") is None]
        entry = self._index.find(self._training()) if self._index is not None and waiting else None
        if entry is None:
            return
        files, markers = entry
        for index in waiting:
            logits[index] = np.load(files["logits"], mmap_mode="r", allow_pickle=False)[index]
            if seen is not None:
                seen[index] = np.load(files["seen_correct"], mmap_mode="r", allow_pickle=False)[index]
            for epoch in kept:
                self._copy(files[f"s{index}-e{epoch}"], self._weights(index, epoch))
            notes = self._signals(setup, index, kept) | set(markers[index]["notes"])
            recorder.finish(f"seed-{index}", markers[index] | {"notes": sorted(notes)})

    def publish(self, signals: frozenset[Signal], kept: Sequence[int], seeds: int) -> None:
        """Let later runs find what this one made; called when every seed is finished."""
        if not self._is_ours:
            return
        recorder = self._job.recorder
        if self._index is None or self._index.find(self._training()) is None:
            self._put_training(kept, seeds)
        for index in range(seeds if self._index is not None else 0):
            hashes = self._hashes(index, kept)
            for signal, epoch in _arrays(signals, kept):
                self._put(self._signal(signal, [hashes[epoch]]), recorder.array(f"{signal}-s{index}-e{epoch}"))
            for name, epochs in self._stages(signals, kept).items():
                key = self._signal(Signal.INPUT_GRADIENT_SPREAD, [hashes[e] for e in epochs])
                self._put(key, recorder.array(f"spread-{name}-s{index}"))

    def _put_training(self, kept: Sequence[int], seeds: int) -> None:
        if self._index is None:
            return
        recorder = self._job.recorder
        files = {f"s{i}-e{e}": self._weights(i, e) for i in range(seeds) for e in kept}
        files |= {name: recorder.array(name) for name in ("logits", "seen_correct") if recorder.array(name).exists()}
        self._index.put(self._training(), files, [recorder.finished(f"seed-{i}") for i in range(seeds)])

    def _put(self, key: dict[str, Any], path: Path) -> None:
        assert self._index is not None
        if path.exists() and self._index.find(key) is None:
            self._index.put(key, {"array": path})

    def _training(self) -> dict[str, Any]:
        spec = self._job.spec
        question = spec.question() | {"weights": [sha256_of(Path(path)) for path in spec.weights]}
        return {**self._made_of, "training": question, "seed": self._job.seed}

    def _signal(self, signal: Signal, hashes: Sequence[str]) -> dict[str, Any]:
        return {**self._made_of, "signal": signal.value, "checkpoints": list(hashes)}

    def _weights(self, index: int, epoch: int) -> Path:
        return self._job.recorder.folder / f"model/s{index}-e{epoch}.safetensors"

    def _hashes(self, index: int, kept: Sequence[int]) -> dict[int, str]:
        return {epoch: sha256_of(self._weights(index, epoch)) for epoch in kept}

    def _stages(self, signals: frozenset[Signal], kept: Sequence[int]) -> dict[str, tuple[int, ...]]:
        return stages(tuple(kept)) if Signal.INPUT_GRADIENT_SPREAD in signals else {}

    def _signals(self, setup: TrainingSetup, index: int, kept: Sequence[int]) -> set[str]:
        """Copy the signals known of these checkpoints and run passes for the others; returns the passes' notes."""
        recorder, hashes = self._job.recorder, self._hashes(index, kept)
        missing: dict[int, set[Signal]] = {epoch: set() for epoch in kept}
        for signal, epoch in _arrays(setup.signals, kept):
            if not self._copy_known(self._signal(signal, [hashes[epoch]]), f"{signal}-s{index}-e{epoch}"):
                missing[epoch].add(signal)
        wanted = self._stages(setup.signals, kept)
        known = [
            self._copy_known(
                self._signal(Signal.INPUT_GRADIENT_SPREAD, [hashes[e] for e in epochs]), f"spread-{name}-s{index}"
            )
            for name, epochs in wanted.items()
        ]
        left = {} if all(known) else wanted
        spreads = StageSpreads(len(setup.encoded), left, recorder.work, setup.memory)
        notes: set[str] = set()
        for epoch in kept:
            signals = missing[epoch] | ({Signal.INPUT_GRADIENT_SPREAD} if left else set())
            if signals:
                notes.update(self._pass(setup, index, epoch, frozenset(signals), spreads))
        for name, values in spreads.results.items():
            recorder.write(f"spread-{name}-s{index}", values)
        return notes

    def _pass(
        self, setup: TrainingSetup, index: int, epoch: int, signals: frozenset[Signal], spreads: StageSpreads
    ) -> tuple[str, ...]:
        network = setup.build(0)
        load_into(network, read_weights(self._weights(index, epoch)))
        self._job.progress.stage(f"Running the network of seed {index + 1} after epoch {epoch}", setup.pass_batches)
        taken = take_signals(network, setup, epoch, signals, spreads, self._job.progress)
        self._job.recorder.store(taken.features, taken.gradient_norm, index, epoch)
        return taken.notes

    def _copy_known(self, key: dict[str, Any], name: str) -> bool:
        entry = self._index.find(key) if self._index is not None else None
        if entry is not None:
            self._copy(entry[0]["array"], self._job.recorder.array(name))
        return entry is not None

    def _copy(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source != target:
            shutil.copyfile(source, target)


def _arrays(signals: Iterable[Signal], kept: Sequence[int]) -> list[tuple[Signal, int]]:
    """(signal, epoch) of every array that a kept checkpoint has of its own."""
    return [(signal, epoch) for signal in Signal if signal in signals and signal.of_each_checkpoint for epoch in kept]
