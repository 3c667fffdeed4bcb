"""The writing side of a run folder: claim it, lock it, and keep run.json true."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.store.atomic import sha256_of, write_array, write_json
from core.store.cards import FORMAT, read_asked, read_card
from core.store.runs import is_run
from core.store.workspace import made
from core.types.errors import RunError
from core.types.runs import RunSpec, RunState, settings_fingerprint, spec_from_json


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


def claim(path: Path, spec: RunSpec, threads: int) -> RunFolder:
    """The folder for this spec, new or begun before; refuses one that holds anything else."""
    path = Path(path)
    if is_run(path):
        folder = RunFolder(path)
        _refuse_other_spec(folder, spec)
        return folder
    if path.exists() and (not path.is_dir() or any(p.name != ".lock" for p in path.iterdir())):
        raise RunError(f"{path} is not empty and is not a run.", "Choose another folder with --out.")
    made(path)
    asked = {
        "run_id": new_run_id(spec),
        "format": FORMAT,
        "spec": spec.to_json(),
        "fingerprint": spec.fingerprint(),
        "settings": settings_fingerprint(spec.to_json()),
        "threads": threads,
    }
    write_json(path / "spec.json", asked)
    return RunFolder(path)


def new_run_id(spec: RunSpec) -> str:
    """A readable name that no other run has."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(spec.source).name.split(".")[0]).strip("-").lower() or "run"
    return f"{stem[:40]}-{secrets.token_hex(4)}"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one job works on a run at a time; the lock ends with its process, however that ends."""
    made(path)
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: only the process check of the database is left
        yield
        return
    with open(path / ".lock", "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                f"{path} is already running in another process.",
                "Wait for it, or stop it with `python -m core cancel`.",
            ) from None
        yield


def default_threads(leave_a_core: bool) -> int:
    """All cores, or one fewer so that the screen stays quick."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - leave_a_core)


def _refuse_other_spec(folder: RunFolder, spec: RunSpec) -> None:
    if folder.spec.fingerprint() == spec.fingerprint():
        return
    old, new = _flat(folder.spec.to_json()), _flat(spec.to_json())
    differs = [k for k in new if old.get(k) != new[k] and k not in ("threads", "memory")]
    words = "; ".join(f"{k} was {old.get(k)!r}, now {new[k]!r}" for k in differs[:3]) or "it was made differently"
    raise RunError(
        f"{folder.path} holds another run: {words}.", "Choose another folder with --out, or delete this one."
    )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {k: v for key, inner in value.items() for k, v in _flat(inner, f"{prefix}{key}.").items()}
    return {prefix.rstrip("."): list(value) if isinstance(value, tuple) else value}
