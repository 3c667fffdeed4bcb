"""From a spec to its data, and from a path or a name to a run."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.models.sources import placed as placed_training
from core.store import Run, run_registry
from core.store.workspace import cache_root
from core.types.errors import DataError, RunError
from core.types.evidence import GivenEvidence
from core.types.examples import ExampleTable, Modality
from core.types.runs import RunSpec

_NAME = 120  # letters of a name that is no run


@dataclass(frozen=True, eq=False)
class Loaded:
    """A dataset and what came recorded with it."""

    examples: ExampleTable
    given: GivenEvidence = field(default_factory=GivenEvidence)


def load_source(spec: RunSpec) -> Loaded:
    """Read the dataset that a spec names, and what was recorded beside it; arrays unpacked once go to the workspace's
    cache. Raises `DataError` for what cannot be read, or does not fit.
    """
    from core.datasets import load_with_recorded
    from core.datasets.overlaid import with_overlay

    from .own_scores import with_free_names

    examples, given = load_with_recorded(
        spec.source,
        spec.recorded,
        spec.modality,
        spec.roles,
        cache_root(),
        spec.class_map,
        spec.labels,
        own_embeddings=spec.embedding == "auto",
    )
    given, told = with_free_names(given)
    return Loaded(with_overlay(replace(examples, report=(*examples.report, *told)), spec.overlay), given)


def absolute(spec: RunSpec) -> RunSpec:
    """The same question, answerable from any folder: paths made absolute, sample names left alone."""

    def placed(path: str | None) -> str | None:
        return str(Path(path).expanduser().absolute()) if path else path

    from core.datasets import means_sample

    source = spec.source if means_sample(spec.source) else placed(spec.source)
    beside: dict[str, Any] = {kind: placed(path) for kind, path in spec.recorded.paths()}
    return replace(
        spec,
        source=source or "",
        labels=placed(spec.labels),
        class_map=placed(spec.class_map),
        recorded=replace(spec.recorded, **beside),
        training=placed_training(spec.training),
    )


def stamp(spec: RunSpec) -> dict[str, Any]:
    """Size and modification time of the source and of what lies beside it: while they stay, their content need not be
    hashed again.
    """
    from core.datasets import source_path

    path = source_path(spec.source)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    files += [Path(recorded) for _, recorded in spec.recorded.paths()]
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
    if is_path(path_or_id):
        return Path(path_or_id)  # Run.open says what is wrong with it
    from core.datasets import sample_run

    return sample_run(str(path_or_id)) or Path(run_registry().row(str(path_or_id)).path)


def is_path(path_or_id: str | Path) -> bool:
    """Whether it means a place on disk, not a run id or a sample; `RunError` where it can be none of them."""
    try:
        there = Path(path_or_id).exists()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or str(error)
        raise RunError(
            f"{_short(str(path_or_id))!r} cannot be opened as a run: {why}.", "Start lists the runs of this workspace."
        ) from error
    return there or isinstance(path_or_id, Path) or os.sep in path_or_id


def is_at_home(path_or_id: str) -> bool:
    """False for a run folder that this workspace neither made nor opened before. Nothing in the folder is read."""
    if not is_path(path_or_id):
        return True
    from core.datasets.samples import samples_folder
    from core.store.admitted import is_admitted

    folder = Path(path_or_id).resolve()
    if is_admitted(folder) or folder.is_relative_to(samples_folder()):
        return True
    return folder in {Path(row.path).resolve() for row in run_registry().rows()}


def _short(name: str) -> str:
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"


def has_inputs(examples: ExampleTable) -> bool:
    """Whether there is anything to look at and to train on."""
    return examples.modality is not Modality.TRACE and examples.inputs is not None
