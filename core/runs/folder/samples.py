"""The bundled datasets as cards: one click away from a scored run."""

from __future__ import annotations

from core.store import Run, run_registry
from core.types.errors import RunError
from core.types.previews import SampleCard
from core.types.runs import RunState


def sample_cards() -> list[SampleCard]:
    """One card per bundled dataset, in the order they are shown."""
    from core.datasets import SAMPLES, sample_key, sample_run

    return [
        SampleCard(s.name, s.title, s.modality, s.rows, s.summary, sample_run(s.name), sample_key(s.name))
        for s in SAMPLES
    ]


def is_bundled(run: Run) -> bool:
    """Whether the run ships with Chaffinch: it is shared and may be read-only, so nothing is written into it."""
    from core.datasets.samples import samples_folder

    return run.path.resolve().is_relative_to(samples_folder())


def list_sample(run: Run) -> None:
    """Put a bundled run that a person has begun to decide on among the runs of this workspace; others are there."""
    if is_bundled(run):
        list_run(run)


def list_run(run: Run) -> None:
    """Put a run among those of this workspace, where later runs find it; one that is there stays as it is."""
    registry = run_registry()
    try:
        registry.row(run.run_id)
    except RunError:
        facts = {"name": run.name, "modality": run.modality.value, "rows": len(run.examples)}
        registry.register(run.run_id, run.path, state=RunState.FINISHED.value, **facts)
