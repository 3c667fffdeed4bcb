"""What the JSON files of a run folder must hold; read through `read_json`, so that damage is one kind of error."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict

from core.types.errors import RunError
from core.types.examples import Finding, Modality, Roles
from core.types.methods import Direction, Group
from core.types.runs import RunState, settings_fingerprint, spec_from_json
from core.types.scores import AssumptionCheck
from core.types.validation import ValidationError, at_least, path_part

from .atomic import damaged, read_json

FORMAT = 1  # of run folders; raised when an older Chaffinch could not read them
_Count = Annotated[int, at_least(0)]
_Name = Annotated[str, path_part]


class Asked(TypedDict):
    """spec.json: what was asked; never changes."""

    run_id: _Name
    format: NotRequired[int]
    spec: dict[str, Any]
    fingerprint: NotRequired[str]
    settings: NotRequired[str]
    threads: NotRequired[Annotated[int, at_least(1)]]


class DatasetCard(TypedDict):
    """The part of run.json that names the dataset."""

    name: str
    modality: Modality
    rows: _Count
    class_names: tuple[str, ...]
    fingerprint: str
    roles: Roles
    report: NotRequired[tuple[Finding, ...]]
    examples: NotRequired[str]  # sha256 of examples.parquet
    source_fingerprint: NotRequired[str]  # of the source, where decisions were laid over it


class EmbeddingCard(TypedDict):
    """What the label-free vectors are."""

    name: str
    columns: int


class TakenOver(TypedDict):
    """What a run did not make itself, because the run whose decisions were laid over its data had it."""

    run: _Name
    arrays: tuple[str, ...]
    scores: tuple[str, ...]


class Card(TypedDict, total=False):
    """run.json: how far a run came, and the sha256 of what is finished."""

    run_id: _Name
    format: int
    state: RunState
    dataset: DatasetCard
    dataset_sha256: str  # of the part before, see `digest_of`
    rows_not_finite: _Count
    versions: dict[str, str]
    source_stamp: dict[str, int] | None
    seconds: dict[str, float]
    peak_memory_mb: dict[str, float]
    arrays: dict[str, str]
    arrays_sha256: str  # of the part before: an array that is no longer noted is missed
    problems: dict[str, str]
    not_here: dict[str, str]
    learning_rates: tuple[float, ...]
    embedding: EmbeddingCard
    out_of_fold_model: str
    taken_over: TakenOver
    made_by: str  # "library": scored in a notebook, from evidence that is not in the folder


class Shard(TypedDict):
    """One file of a score."""

    file: _Name
    rows: _Count
    sha256: str


class ScoreCard(TypedDict):
    """One finished score in scores.json."""

    direction: Direction
    group: Group
    seed_count: _Count
    undefined: NotRequired[dict[str, int]]
    checks: NotRequired[tuple[AssumptionCheck, ...]]
    skill: NotRequired[float | None]
    meta: NotRequired[dict[str, Any]]
    params: NotRequired[dict[str, Any]]
    seconds: NotRequired[float]
    flagged: NotRequired[bool]  # arrays/flag-<score>.npy goes with it
    index: NotRequired[dict[str, str]]  # sha256 of each part of the index
    shards: tuple[Shard, ...]


class Scores(TypedDict):
    """scores.json: every finished score, and why others failed; of which run and dataset (older ones do not say)."""

    run_id: NotRequired[str]
    fingerprint: NotRequired[str]
    scores: dict[_Name, ScoreCard]
    failures: dict[str, str]


def read_asked(folder: Path) -> dict[str, Any]:
    """spec.json; raises `RunError` for a damaged one, and, before its entries are read, for one of a newer version."""
    path = folder / "spec.json"
    plain = read_json(path, dict)
    made_with = plain.get("format", 0)
    if isinstance(made_with, int) and made_with > FORMAT:
        raise RunError(f"The run {folder.name} was made by a newer version (format {made_with}).", "Update Chaffinch.")
    entries = read_json(path, Asked)
    try:
        spec_from_json(entries["spec"])
    except ValidationError as error:
        raise damaged(path, str(error)) from error
    if entries.get("settings", settings := settings_fingerprint(entries["spec"])) != settings:
        raise damaged(path, "the settings in it are not those that this run was begun with.")
    return entries


def read_card(folder: Path, run_id: str) -> dict[str, Any]:
    """run.json, empty for a run that has not begun; `RunError` when it is another run's or its dataset was edited."""
    path = folder / "run.json"
    card = read_json(path, Card) if path.is_file() else {}
    if card.get("run_id", run_id) != run_id:
        raise mixed(path, f"it is of the run {card['run_id']}, spec.json of {run_id}.")
    if "dataset_sha256" in card and card["dataset_sha256"] != digest_of(card.get("dataset")):
        raise damaged(path, "the dataset in it is not the one that was scored.")
    if "arrays_sha256" in card and card["arrays_sha256"] != digest_of(card.get("arrays")):
        raise damaged(path, "the arrays in it are not those that were written.")
    return card


def read_scores(folder: Path, run_id: str, fingerprint: str | None) -> dict[str, Any]:
    """scores/scores.json, without a score for a run that has none; `RunError` when of another run or dataset."""
    path = folder / "scores" / "scores.json"
    if not path.is_file():
        return {"scores": {}, "failures": {}}
    entries = read_json(path, Scores)
    if entries.get("run_id", run_id) != run_id or entries.get("fingerprint", fingerprint) != fingerprint:
        raise mixed(path, f"its scores are of {entries.get('run_id', 'another run')}, not of {run_id} and its dataset.")
    return entries


def digest_of(part: Any) -> str:
    """Hex sha256 of one part of run.json, by which an edit of it is noticed."""
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()


def mixed(path: Path, why: str) -> RunError:
    """The one error for a file that is not the one this run wrote; `why` is a clause with its full stop."""
    what = f"{path} is damaged, or of another run: {why}"
    return RunError(what, "Put the right file back, or resume the run: it is made again.")
