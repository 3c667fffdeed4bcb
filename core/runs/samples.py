"""The bundled datasets as cards: one click away from a scored run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.types.examples import Modality


@dataclass(frozen=True)
class SampleCard:
    """A bundled dataset. `run` is its shipped run folder, `key` its answer key; None where absent."""

    name: str
    title: str
    modality: Modality
    rows: int
    faults: str
    run: Path | None
    key: Path | None


def sample_cards() -> list[SampleCard]:
    """One card per bundled dataset, in the order they are shown."""
    from core.datasets import SAMPLES, sample_key, sample_run

    return [
        SampleCard(s.name, s.title, s.modality, s.rows, s.summary, sample_run(s.name), sample_key(s.name))
        for s in SAMPLES
    ]
