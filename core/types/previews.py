"""Data as it is shown before anything is loaded: a source by its first rows, a bundled dataset as a card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .examples import Modality, Roles


@dataclass(frozen=True, eq=False)
class SourcePreview:
    """What a source looks like before it is loaded.

    roles: as given, with the gaps filled by guesses. head: the first five rows as text (DataFrame); the first images
    are in `images`, uint8 [H, W, C] each. rows: None where counting would mean reading everything.
    """

    name: str
    modality: Modality
    loader: str
    roles: Roles
    columns: tuple[Column, ...]
    head: Any
    rows: int | None
    notes: tuple[str, ...] = ()
    images: tuple[Any, ...] = ()


class Column(NamedTuple):
    """One column (or array) of a source: its name, what it holds in one word, and one value."""

    name: str
    kind: str
    sample: str


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
