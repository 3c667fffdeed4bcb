"""What a loader is, what it is asked, and what it shows before anything is committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from core.types.examples import ExampleTable, Modality, Roles
from core.types.previews import SourcePreview


class Claim(IntEnum):
    """How sure a loader is that a source is its own; the surest is asked, among equals the first of `LOADERS`."""

    NONE = 0  # it cannot read this source
    FALLBACK = 1  # it can say what lies there, no more
    POSSIBLE = 2  # it could read such a path, as others can
    LIKELY = 3  # it reads such a path unless something speaks for another loader
    RECOGNIZED = 4  # the format is its own, or what lies inside is what it looks for
    REQUESTED = 5  # the person asked for its kind of data, or named a column that it alone reads
    CERTAIN = 6  # the source says itself what it is


@dataclass(frozen=True)
class Request:
    """One question to a loader.

    cache: folder for what is unpacked once and memory-mapped; None takes the workspace's.
    class_map: file that says which class name is which output; labels: file of labels that lies beside the data.
    outputs, class_names: of a model recorded elsewhere, how many and what they are called, where that is known.
    """

    path: Path
    name: str
    modality: Modality | None = None
    roles: Roles = field(default_factory=Roles)
    cache: Path | None = None
    class_map: Path | None = None
    labels: Path | None = None
    outputs: int | None = None
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loader:
    """One kind of source.

    claims: how sure this loader is that the source is its own.
    """

    name: str
    title: str
    modalities: tuple[Modality, ...]
    claims: Callable[[Request], Claim] = field(repr=False)
    inspect: Callable[[Request], SourcePreview] = field(repr=False)
    load: Callable[[Request], ExampleTable] = field(repr=False)
