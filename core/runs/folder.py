"""The writing side of a run folder: keep run.json true (see `claiming` for the right to write)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.store.atomic import sha256_of, write_array, write_json
from core.store.cards import FORMAT, read_asked, read_card, read_scores
from core.types.errors import RunError
from core.types.runs import RunSpec, RunState, spec_from_json


class RunFolder:
    """What a running job writes. Every file is whole or absent; run.json tells which arrays are done, by sha256."""

    def __init__(self, path: Path):
        self.path = path
        self.asked = read_asked(path)
        self.card = read_card(path)

    @property
    def run_id(self) -> str:
        """Names the run in the database."""
        return self.asked["run_id"]

    @property
    def spec(self) -> RunSpec:
        """What was asked."""
        return spec_from_json(self.asked["spec"])

    @property
    def threads(self) -> int:
        """The number of threads that every try takes: it decides the last digits."""
        return self.asked.get("threads") or default_threads(leave_a_core=False)

    @property
    def is_finished(self) -> bool:
        """Everything that was asked is there."""
        return self.card.get("state") == RunState.FINISHED.value

    @property
    def has_results(self) -> bool:
        """Whether something is there that took work: a finished score, or a finished training."""
        pieces = (p for p in (self.path / "work").glob("*.json") if p.name != "evidence.json")
        with suppress(RunError):  # damaged: the scores may be there all the same
            return bool(read_scores(self.path)["scores"]) or any(pieces) or (self.path / "model").is_dir()
        return True

    def save(self, **facts: Any) -> None:
        """Merge facts into run.json."""
        self.card |= facts
        write_json(self.path / "run.json", {"run_id": self.run_id, "format": FORMAT, **self.card})

    def put_array(self, name: str, values: Any) -> None:
        """Write arrays/<name>.npy and note its sha256."""
        path = write_array(self.path / "arrays" / f"{name}.npy", values)
        self.save(arrays={**self.card.get("arrays", {}), name: sha256_of(path)})

    def has_array(self, name: str) -> bool:
        """Whether the array is there with the bytes that run.json names."""
        path = self.path / "arrays" / f"{name}.npy"
        expected = self.card.get("arrays", {}).get(name)
        return expected is not None and path.is_file() and sha256_of(path) == expected


def default_threads(leave_a_core: bool) -> int:
    """All cores, or one fewer so that the screen stays quick."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - leave_a_core)
