"""What a loader is, what it is asked, and what it shows before anything is committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.types.examples import ExampleTable, Modality, Roles
from core.types.previews import SourcePreview


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
