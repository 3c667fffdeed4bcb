"""What a loader is, what it is asked, and what it shows before anything is committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from core.types.examples import ExampleTable, Modality, Roles


@dataclass(frozen=True)
class Request:
    """One question to a loader.

    cache: folder for what is unpacked once and memory-mapped; None takes the workspace's.
    class_map: file that says which class name is which output; labels: file of labels that lies beside the data.
    """

    path: Path
    name: str
    modality: Modality | None = None
    roles: Roles = field(default_factory=Roles)
    cache: Path | None = None
    class_map: Path | None = None
    labels: Path | None = None


class Column(NamedTuple):
    """One column (or array) of a source: its name, what it holds in one word, and one value."""

    name: str
    kind: str
    sample: str


@dataclass(frozen=True, eq=False)
class SourcePreview:
    """What a source looks like before it is loaded.

    roles: as given, with the gaps filled by guesses. head: the first five rows as text (DataFrame); the first pictures
    are in `pictures`, uint8 [H, W, C] each. rows: None where counting would mean reading everything.
    """

    name: str
    modality: Modality
    loader: str
    roles: Roles
    columns: tuple[Column, ...]
    head: Any
    rows: int | None
    notes: tuple[str, ...] = ()
    pictures: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Loader:
    """One kind of source.

    claims: how sure this loader is that a path is its own, 0 (not at all) to 10; the surest one is asked.
    """

    name: str
    title: str
    modalities: tuple[Modality, ...]
    claims: Callable[[Request], int] = field(repr=False)
    inspect: Callable[[Request], SourcePreview] = field(repr=False)
    load: Callable[[Request], ExampleTable] = field(repr=False)
