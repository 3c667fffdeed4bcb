"""Data before it is scored: what a source holds, the bundled samples, and copies with known faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.datasets import faults, guarded, sources
from core.runs.folder.samples import sample_cards
from core.store.workspace import cache_root
from core.types.examples import Roles, SourceReport
from core.types.previews import SampleCard, SourcePreview
from core.types.recorded import RecordedFiles


def inspect_source(
    source: str, modality: str | None = None, roles: Roles = Roles(), labels: str | None = None
) -> SourcePreview:
    """What a path or sample name holds: columns with guessed roles and the first five rows. Reads little."""
    return sources.inspect_source(source, modality, roles, labels=labels, cache=cache_root())


def preview_source(
    source: str, modality: str | None = None, roles: Roles = Roles(), labels: str | None = None
) -> SourcePreview:
    """`inspect_source` in a child process with limits; `UnsafeFileError` when that crashes, hangs or takes too much."""
    return guarded.preview_in_child(source, modality, roles, labels=labels, cache=cache_root())


def report_source(
    source: str,
    modality: str | None = None,
    roles: Roles = Roles(),
    labels: str | None = None,
    class_map: str | None = None,
    recorded: RecordedFiles = RecordedFiles(),
) -> SourceReport:
    """Load the whole dataset, and what was recorded beside it, in a child process with limits and return its report
    card; errors as `preview_source`.
    """
    files: dict[str, Any] = {"labels": labels, "class_map": class_map, "cache": cache_root()}
    return guarded.report_in_child(source, modality, roles, recorded=recorded, **files)


def samples() -> list[SampleCard]:
    """The bundled datasets: name, title, modality, rows, what is known about their faults, and the shipped run."""
    return sample_cards()


def plant(
    source: str,
    flip: float,
    seed: int,
    out: Path,
    *,
    duplicates: float = 0.0,
    modality: str | None = None,
    roles: Roles = Roles(),
) -> faults.Planted:
    """Write a copy of a dataset with planted label flips and its answer key `key.csv`."""
    shares = faults.FaultShares(flip, duplicates)
    return faults.plant(source, shares, seed, out, modality=modality, roles=roles, cache=cache_root())
