"""The writing side of a run folder: keep run.json true (see `folder_lock` for the right to write)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.store.atomic import sha256_of, write_array, write_json
from core.store.cards import FORMAT, digest_of, read_asked, read_card, read_scores
from core.store.verified import agrees
from core.types.errors import RunError
from core.types.runs import RunSpec, RunState, spec_from_json


class RunFolder:
    """What a run at work writes. Every file is whole or absent; run.json tells which arrays are done, by sha256."""

    def __init__(self, path: Path):
        self.path = path
        self.asked = read_asked(path)
        self.damage = ""  # why run.json was not believed: all that it noted is made, or looked at, again
        try:
            self.card = read_card(path, self.run_id)
        except RunError as error:
            self.card, self.damage = {}, str(error)

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
            return bool(self.scores()["scores"]) or any(pieces) or (self.path / "model").is_dir()
        return True

    def save(self, **facts: Any) -> None:
        """Merge facts into run.json."""
        if "dataset" in facts:
            facts["dataset_sha256"] = digest_of(facts["dataset"])
        if "arrays" in facts:
            facts["arrays_sha256"] = digest_of(facts["arrays"])
        self.card |= facts
        write_json(self.path / "run.json", {"run_id": self.run_id, "format": FORMAT, **self.card})

    def put_array(self, name: str, values: Any) -> None:
        """Write arrays/<name>.npy and note its sha256."""
        write_array(self.path / "arrays" / f"{name}.npy", values)
        self.note_arrays(name)

    def note_arrays(self, *names: str) -> None:
        """Note the sha256 of arrays that are finished."""
        noted = {name: sha256_of(self.path / "arrays" / f"{name}.npy") for name in names}
        self.save(arrays={**self.card.get("arrays", {}), **noted})

    def has_array(self, name: str) -> bool:
        """Whether the array is there with the bytes that run.json names."""
        noted = self.card.get("arrays", {})
        return name in noted and agrees(self.path / "arrays" / f"{name}.npy", noted[name])

    def is_as_noted(self, name: str) -> bool:
        """Whether nothing speaks against an array: it is not noted, or there as noted."""
        return name not in self.card.get("arrays", {}) or self.has_array(name)

    def scores(self) -> dict[str, Any]:
        """scores.json; `RunError` when it is damaged or another run's."""
        return read_scores(self.path, self.run_id, self.card.get("dataset", {}).get("fingerprint"))


def default_threads(leave_a_core: bool) -> int:
    """What OMP_NUM_THREADS says; else all cores, or one fewer so that the screen stays quick."""
    said = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if said.isdecimal() and int(said) > 0:
        return int(said)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - leave_a_core)
