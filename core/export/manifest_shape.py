"""What manifest.json must hold; checked when an export is read back, so that damage is one kind of error."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from core.types.curation import Action, NearDuplicates
from core.types.methods import Direction, Group
from core.types.validation import at_least

from .formats import FILES

_Count = Annotated[int, at_least(0)]


class Dataset(TypedDict):
    """What was scored."""

    name: str
    fingerprint: str
    rows: _Count
    class_names: tuple[str, ...]
    label_column: str | None
    id_column: str | None


class Entry(TypedDict, total=False):
    """What a person said about one example."""

    action: Action
    label: str
    note: str
    reviewed: bool


class Scored(TypedDict):
    """What rules know about a score."""

    direction: Direction
    group: Group
    orientation: dict[str, int]
    seeds: _Count
    skill: float | None
    inspect_first: str
    has_spread: bool
    has_flags: bool
    definition: dict[str, Any]


class WrittenColumn(TypedDict):
    """The header of a column as written, and the sha256 of its cells."""

    name: str
    sha256: str


class CsvFile(TypedDict):
    """A written CSV: enough to name one changed cell without the original."""

    sha256: str
    rows: _Count
    columns: list[WrittenColumn]
    row_crc32: str
    altered_cells: list[tuple[int, int]]
    spreadsheet_safe: bool


class OtherFile(TypedDict):
    """A file of another format."""

    sha256: str
    rows: _Count


def _of_export(name: str) -> None:
    """A check for `Annotated`: a manifest names no other file than those that an export has."""
    if name not in FILES:
        raise ValueError("is no file of an export")


Outputs = TypedDict("Outputs", {"curated.csv": CsvFile, "decisions.csv": CsvFile})
EVERY_OUTPUT = dict[Annotated[str, _of_export], OtherFile]


class Manifest(TypedDict):
    """The whole file; rules are read by `rules_from_json`."""

    format: str
    format_version: int
    dataset: Dataset
    rules: dict[str, Any]
    reasons: dict[str, str]
    decisions: dict[str, Entry]
    decisions_sha256: str
    scores: dict[str, Scored]
    score_order: tuple[str, ...]
    predicted_how: str | None
    counts: dict[str, Any]
    warnings: tuple[str, ...]
    provenance: dict[str, Any]
    noise_estimate: dict[str, Any] | None
    near_duplicates_asked: NearDuplicates | None
    sample_weight: NotRequired[str]
    outputs: Outputs
    manifest_sha256: str
