"""An export read back: the view, rules and decisions it was made from."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from core.curation import ScoreColumn, ScoreView
from core.store.atomic import read_json
from core.types.curation import Decision, NearDuplicates, Rules, rules_from_json
from core.types.errors import RunError, VerifyError
from core.types.registry import find
from core.types.validation import ValidationError, validated

from .manifest import FORMAT, VERSION, decisions_from_json, manifest_hash
from .manifest_shape import EVERY_OUTPUT, Manifest
from .weights import WEIGHTS


@dataclass(frozen=True, eq=False)
class StoredExport:
    """What one folder says."""

    view: ScoreView
    rules: Rules
    decisions: Mapping[str, Decision]
    weight: str  # for training, by its name


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises `VerifyError` when it is missing, no manifest of ours, damaged, or from another version."""
    path = folder / "manifest.json"
    hint = "Give the folder that export wrote."
    try:
        manifest = read_json(path)
    except RunError as error:
        raise VerifyError(str(error), hint) from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise VerifyError(f"{path} is not the manifest of an export.", hint)
    if manifest.get("format_version") != VERSION:
        raise VerifyError(
            f"The export is of version {manifest.get('format_version')!r:.60}.",
            "Verify it with the Chaffinch that wrote it.",
        )
    try:
        validated(manifest, Manifest)
        validated(manifest["outputs"], EVERY_OUTPUT, "outputs")
        return cast(dict[str, Any], manifest)
    except ValidationError as error:
        raise VerifyError(f"{path} is damaged: {error}", "Restore it from the original export.") from None


def manifest_is_whole(manifest: Mapping[str, Any]) -> bool:
    """Whether the manifest still has the hash it was written with."""
    return manifest.get("manifest_sha256") == manifest_hash(manifest)


def read_records(data: bytes, name: str) -> list[list[str]]:
    """Header and rows of a CSV, each as wide as the header; raises `VerifyError` for bytes that are none."""
    csv.field_size_limit(2**31 - 1)
    hint = "Restore it from the original export."
    try:
        records = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise VerifyError(f"{name} does not read as CSV: {error}.", hint) from None
    if not records:
        raise VerifyError(f"{name} is empty.", hint)
    width = len(records[0])
    for number, row in enumerate(records[1:]):
        if len(row) != width:
            raise VerifyError(f"Row {number} of {name} has {len(row)} cells instead of {width}.", hint)
    return records


def restore(records: list[list[str]], altered: list[list[int]]) -> None:
    """Take the apostrophe off again, in place, from the cells that the manifest lists."""
    for row, column in altered:
        if row + 1 < len(records) and column < len(records[row + 1]):
            records[row + 1][column] = records[row + 1][column].removeprefix("'")


def read_export(manifest: Mapping[str, Any], records: list[list[str]]) -> StoredExport:
    """The view behind `decisions.csv`; raises `VerifyError` naming a cell that does not read."""
    restore(records, manifest["outputs"]["decisions.csv"]["altered_cells"])
    head, rows = records[0], records[1:]
    if len(rows) != manifest["dataset"]["rows"]:
        raise VerifyError(
            f"decisions.csv has {len(rows)} rows instead of {manifest['dataset']['rows']}.", "Restore the file."
        )
    table = _Table({name: k for k, name in enumerate(head)}, rows)
    unknown = [name for name in manifest["score_order"] if name not in manifest["scores"]]
    if unknown or len(set(manifest["score_order"])) != len(manifest["scores"]):
        raise VerifyError("The list of scores in manifest.json is not that of its scores.", "Restore the manifest.")
    classes = tuple(manifest["dataset"]["class_names"])
    how = manifest["predicted_how"]
    view = ScoreView(
        ids=table.text("example_id"),
        labels=table.codes("label", classes),
        class_names=classes,
        splits=table.text("split"),
        scores={name: _score(table, name, manifest["scores"][name]) for name in manifest["score_order"]},
        groups=table.text("group"),
        source_index=table.whole("source_index"),
        source_path=table.text("source_path"),
        predicted=table.codes("predicted_label", classes) if how else None,
        predicted_prob=table.real("predicted_prob") if how else None,
        predicted_how=how or "out_of_fold",
        duplicate_groups=table.whole("dup_group"),
        fingerprint=manifest["dataset"]["fingerprint"],
        name=manifest["dataset"]["name"],
        label_column=manifest["dataset"]["label_column"],
        id_column=manifest["dataset"]["id_column"],
        near_duplicates_asked=validated(manifest["near_duplicates_asked"], NearDuplicates | None),
    )
    if len(view.row_of) != len(view):
        raise VerifyError("decisions.csv names an example twice.", "Restore the file.")
    rules, decisions = rules_from_json(manifest["rules"]), decisions_from_json(manifest["decisions"])
    weight = find(manifest.get("sample_weight", WEIGHTS[0].name), WEIGHTS, "weight", VerifyError)
    return StoredExport(view, rules, decisions, weight.name)


def _score(table: _Table, name: str, said: Mapping[str, Any]) -> ScoreColumn:
    spread = table.real(f"{name}_sd") if said["has_spread"] else None
    flags = table.text(f"{name}_flag") == "1" if said.get("has_flags") else None  # exports before there were flags
    return ScoreColumn(
        name,
        table.real(name),
        said["direction"],
        said["group"],
        said["orientation"],
        said["inspect_first"],
        spread,
        said["seeds"],
        said["skill"],
        said["definition"],
        flags,
    )


class _Table:
    """Columns of text by name, as arrays."""

    def __init__(self, place: dict[str, int], rows: list[list[str]]):
        self.place, self.rows = place, rows

    def text(self, name: str) -> np.ndarray:
        """The column's cells as they are written, object [N]; `VerifyError` when there is no such column."""
        if name not in self.place:
            raise VerifyError(f"decisions.csv has no column {name!r}.", "Restore the file.")
        k = self.place[name]
        out = np.empty(len(self.rows), object)
        out[:] = [row[k] for row in self.rows]
        return out

    def real(self, name: str) -> np.ndarray:
        return self._read(name, _float32).astype(np.float32)

    def whole(self, name: str) -> np.ndarray:
        return self._read(name, lambda t: np.int64(int(t)) if t else np.int64(-1)).astype(np.int64)

    def codes(self, name: str, words: tuple[str, ...]) -> np.ndarray:
        code = {word: k for k, word in enumerate(words)} | {"": -1}
        return self._read(name, code.__getitem__).astype(np.int64)

    def _read(self, name: str, read: Any) -> np.ndarray:
        cells = self.text(name)
        try:
            return np.array([read(cell) for cell in cells])
        except (ValueError, KeyError, OverflowError):
            row = next(r for r, cell in enumerate(cells) if not _reads(read, cell))
            raise VerifyError(
                f"decisions.csv row {row} ({self.rows[row][0]}), column {name!r} reads {cells[row]!r}.",
                "That is no value of this column: restore the file.",
            ) from None


def _float32(text: str) -> np.float32:
    value = float(text or "nan")
    if np.isfinite(value) and abs(value) > float(np.finfo(np.float32).max):
        raise ValueError("beyond float32")
    return np.float32(value)


def _reads(read: Any, cell: str) -> bool:
    try:
        read(cell)
    except (ValueError, KeyError, OverflowError):
        return False
    return True
