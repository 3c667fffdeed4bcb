"""From a spec to its data, and from a path or a name to a run."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.store import Run, run_registry
from core.store.runs import is_run
from core.store.workspace import cache_root
from core.types.errors import DataError, RunError
from core.types.evidence import GivenEvidence
from core.types.examples import ExampleTable, Modality
from core.types.runs import RunSpec


@dataclass(frozen=True, eq=False)
class Loaded:
    """A dataset and what came recorded with it."""

    examples: ExampleTable
    given: GivenEvidence = field(default_factory=GivenEvidence)


def load_source(spec: RunSpec) -> Loaded:
    """Read the dataset that a spec names; arrays unpacked once go to the workspace's cache."""
    from core.datasets import inspect_source, load_examples, load_trace

    preview = inspect_source(spec.source, spec.modality, spec.roles, labels=spec.labels, cache=cache_root())
    if preview.modality is Modality.TRACE:
        return Loaded(*load_trace(spec.source, spec.roles, spec.labels, spec.class_map, cache_root()))
    return Loaded(load_examples(spec.source, spec.modality, spec.roles, cache_root(), spec.class_map, spec.labels))


def absolute(spec: RunSpec) -> RunSpec:
    """The same question, answerable from any folder: paths made absolute, sample names left alone."""

    def placed(path: str | None) -> str | None:
        return str(Path(path).expanduser().absolute()) if path else path

    from core.datasets import means_sample

    source = spec.source if means_sample(spec.source) else placed(spec.source)
    weights = tuple(str(placed(w)) for w in spec.training.weights)
    return replace(
        spec,
        source=source or "",
        labels=placed(spec.labels),
        class_map=placed(spec.class_map),
        training=replace(spec.training, weights=weights),
    )


def stamp(spec: RunSpec) -> dict[str, Any]:
    """Size and modification time of the source: while they stay, its content need not be hashed again."""
    from core.datasets import source_path

    path = source_path(spec.source)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    stats = [os.stat(p) for p in files if p.exists()]
    return {
        "files": len(stats),
        "bytes": sum(s.st_size for s in stats),
        "newest": max((s.st_mtime_ns for s in stats), default=0),
    }


def source_gone(spec: RunSpec) -> str:
    """Why the data cannot be found again, in one line; "" where it is still there (it may have changed)."""
    from core.datasets import source_path

    try:
        source_path(spec.source)
    except DataError as error:
        return str(error)
    return ""


def refuse_changed_source(run: Run) -> None:
    """Raise when the dataset has changed since it was scored; one that is gone cannot be compared and passes."""
    from core.datasets import source_path

    try:
        source_path(run.spec.source)
    except DataError:
        return
    if stamp(run.spec) == run.card.get("source_stamp"):
        return
    if load_source(run.spec).examples.fingerprint != run.fingerprint:
        raise RunError(
            f"The dataset {run.name} does not match this run: it has changed since it was scored.",
            "Score it again as a new run, or bring the old file back.",
        )


def open_run(path_or_id: str | Path) -> Run:
    """A run folder, a run id that this workspace knows, or a sample's name."""
    return Run.open(find_run(path_or_id), reopen=lambda spec: load_source(spec).examples)


def find_run(path_or_id: str | Path) -> Path:
    """The folder of a run given by path, id or sample name; `RunError` in words otherwise."""
    if is_run(path_or_id):
        return Path(path_or_id)
    if isinstance(path_or_id, Path) or os.sep in path_or_id or Path(path_or_id).exists():
        return Path(path_or_id)  # Run.open says what is wrong with it
    from core.datasets import sample_run

    return sample_run(path_or_id) or Path(run_registry().row(path_or_id).path)


def has_inputs(examples: ExampleTable) -> bool:
    """Whether there is anything to look at and to train on."""
    return examples.modality is not Modality.TRACE and examples.inputs is not None
