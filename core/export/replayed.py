"""Rules and decisions of an export applied once more: to what it stores, and to its run where that is at hand."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from core.curation import ScoreView, apply_rules
from core.types.curation import Decision, Outcome, Rules
from core.types.errors import CurationError, VerifyError

from .curated_table import curated_columns
from .decisions_table import decision_columns
from .formats import HandOver, RunFacts
from .handed_over import changed_formats
from .levels import MOST_NAMED, LevelReport
from .manifest import build_manifest, to_text
from .manifest_shape import Manifest
from .records import record_findings
from .replay import StoredExport, read_export, read_records, restore
from .table import Column, TableRecord, text_column, write_csv
from .weights import sample_weights

_TITLE = "Rules and decisions replayed"
_SAID = (
    "dataset",
    "rules",
    "decisions",
    "decisions_sha256",
    "score_order",
    "predicted_how",
    "counts",
    "noise_estimate",
    "near_duplicates_asked",
)


@dataclass(frozen=True, eq=False)
class RunRows:
    """The rows of the run that an export came from: as rules see them, and the user's own columns (DataFrame, None).

    facts: what other formats than CSV read of the run.
    contradicts: (provenance of a manifest, rules, decisions) -> the entries that the run contradicts; None: not asked.
    """

    view: ScoreView
    columns: Any
    contradicts: Callable[[Mapping[str, Any], Rules, Mapping[str, Decision]], list[str]] | None = None
    facts: RunFacts = RunFacts()


def file_bytes(path: Path) -> bytes:
    """Content of a regular file; raises `VerifyError` for anything else, a pipe above all."""
    if not path.is_file():
        raise VerifyError(f"{path.name} is missing.", "Restore the export or write it again.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise VerifyError(f"{path.name}: {error.strerror}.", "Check its permission.") from None


def replayed(
    folder: Path, manifest: Mapping[str, Any], run: RunRows | None, why_not: str = "the run is not at hand"
) -> tuple[LevelReport, StoredExport | None]:
    """The report of level 2, and the export as it was read; why_not: what to say where `run` is None."""
    stored = None
    try:
        stored = read_export(manifest, read_records(file_bytes(folder / "decisions.csv"), "decisions.csv"))
        findings = _findings(folder, manifest, stored, run)
    except CurationError as error:
        return LevelReport(2, _TITLE, False, "The export does not replay.", (str(error),)), stored
    if findings:
        return LevelReport(2, _TITLE, False, "Replaying gives another table.", tuple(findings[:MOST_NAMED])), stored
    checked = (
        "curated.csv is what the run gives." if run else f"values of curated.csv not checked: {why_not.rstrip('.')}."
    )
    return LevelReport(2, _TITLE, True, f"{len(stored.view):,} rows replay to the same bytes; {checked}"), stored


def _findings(folder: Path, manifest: Mapping[str, Any], stored: StoredExport, run: RunRows | None) -> list[str]:
    outcome = apply_rules(stored.view, stored.rules, stored.decisions)
    findings = _against(folder, manifest, stored, stored.view, outcome, "replaying")
    if not findings and run is not None:
        view = _same_scores(run.view, stored.view)
        outcome = apply_rules(view, stored.rules, stored.decisions)
        findings = _against(folder, manifest, stored, view, outcome, "the run")
        findings = findings or curated_findings(folder, manifest, stored, run)
    return findings or [
        *_row_counts(manifest, stored, outcome),
        *_curated(folder, manifest, stored, outcome),
        *_formats(folder, manifest, stored, outcome, run),
        *_records(folder, manifest, stored, outcome, run),
        *_origin(manifest, stored, run),
    ]


def _origin(manifest: Mapping[str, Any], stored: StoredExport, run: RunRows | None) -> list[str]:
    """The provenance of the manifest, against the run."""
    if run is None or run.contradicts is None:
        return []
    wrong = run.contradicts(manifest["provenance"], stored.rules, stored.decisions)
    return [f"manifest.json: {name!r} of the provenance is not what the run says." for name in wrong]


def _records(
    folder: Path, manifest: Mapping[str, Any], stored: StoredExport, outcome: Outcome, run: RunRows | None
) -> list[str]:
    """The manifest records of each CSV what the file says, and who may open it."""
    columns = decision_columns(
        stored.view, stored.rules, stored.decisions, outcome, sample_weights(stored.view, outcome, stored.weight)
    )
    altered = {"decisions.csv": written(columns, len(stored.view))[1].altered}
    if run is not None:
        kept = int(outcome.kept.sum())
        safe = manifest["outputs"]["curated.csv"]["spreadsheet_safe"]
        altered["curated.csv"] = written(_curated_again(stored, run), kept, safe)[1].altered
    findings = []
    for name in ("decisions.csv", "curated.csv"):
        record = manifest["outputs"][name]
        findings += record_findings(name, record, read_records(file_bytes(folder / name), name), altered.get(name))
    if not manifest["outputs"]["decisions.csv"]["spreadsheet_safe"]:
        findings.append("manifest.json: decisions.csv is always safe for spreadsheets, and is said not to be.")
    return findings


def _row_counts(manifest: Mapping[str, Any], stored: StoredExport, outcome: Outcome) -> list[str]:
    """The manifest counts the rows of each table as the tables themselves do."""
    kept = int(outcome.kept.sum())
    expected = {"curated.csv": kept, "decisions.csv": len(stored.view)}
    said = {name: manifest["outputs"][name]["rows"] for name in expected}
    return [
        f"manifest.json: {name} has {said[name]} rows there, replaying gives {count}."
        for name, count in expected.items()
        if said[name] != count
    ]


def _same_scores(view: ScoreView, exported: ScoreView) -> ScoreView:
    """The run's view with the scores that the export has: a run may have got more since."""
    missing = [name for name in exported.scores if name not in view.scores]
    if missing:
        raise VerifyError(f"The run has no score {missing[0]!r}, which the export holds.", "Give the run it came from.")
    return view.with_scores({name: view.scores[name] for name in exported.scores})


def _against(
    folder: Path, manifest: Mapping[str, Any], stored: StoredExport, view: ScoreView, outcome: Outcome, who: str
) -> list[str]:
    """Where decisions.csv or the manifest's numbers are not what this view and outcome give."""
    columns = decision_columns(
        view, stored.rules, stored.decisions, outcome, sample_weights(view, outcome, stored.weight)
    )
    data = file_bytes(folder / "decisions.csv")
    findings = differences("decisions.csv", data, written(columns, len(view))[0], who)
    origin, outputs = manifest["provenance"], manifest["outputs"]
    again = build_manifest(view, stored.rules, stored.decisions, outcome, origin, outputs, stored.weight)
    again, stated = _comparable(json.loads(to_text(again))), _comparable(manifest)
    wrong = [key for key in again if again[key] != stated[key]]
    return [*findings, *(f"manifest.json: {key!r} is not what {who} gives." for key in wrong)]


def _comparable(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Without where it all came from, and without sentences, of which another version may say the same otherwise:
    of its warnings the number is compared, and the words where this version made them.
    """
    said_here = (manifest["provenance"].get("versions") or {}).get("chaffinch") == metadata.version("chaffinch")
    scores = {name: {k: v for k, v in said.items() if k != "definition"} for name, said in manifest["scores"].items()}
    return {
        **{key: manifest[key] for key in _SAID},
        "scores": scores,
        "reasons": sorted(manifest["reasons"]),
        "warnings": list(manifest["warnings"]) if said_here else len(manifest["warnings"]),
        "sample_weight": manifest.get("sample_weight"),
        "other entries": sorted(set(manifest) - set(Manifest.__annotations__)),
    }


def written(columns: Sequence[Column], rows: int, for_spreadsheets: bool = True) -> tuple[bytes, TableRecord]:
    """The file that an export would hold, and what its manifest would record of it."""
    with tempfile.TemporaryDirectory(prefix="chaffinch-verify-") as scratch:
        path = Path(scratch) / "again.csv"
        record = write_csv(path, columns, rows, for_spreadsheets)
        return path.read_bytes(), record


def differences(name: str, data: bytes, again: bytes, who: str) -> list[str]:
    """Sentences naming the cells in which a file differs from what it should be; none when its bytes are the same."""
    if data == again:
        return []
    now, then = read_records(data, name), read_records(again, name)
    if now[0] != then[0] or len(now) != len(then):
        return [
            f"{name} has {len(now) - 1} rows of {len(now[0])} columns or other names than {who} gives: "
            f"{len(then) - 1} rows of {len(then[0])}."
        ]
    cells = [
        f"{name} row {r - 1} ({row[0]}), column {now[0][k]!r}: reads {cell!r}, {who} gives {then[r][k]!r}."
        for r, row in enumerate(now)
        for k, cell in enumerate(row)
        if cell != then[r][k]
    ]
    return cells[:MOST_NAMED] or [
        f"{name}: the cells are what {who} gives, but the bytes differ (line ends or quoting)."
    ]


def curated_findings(folder: Path, manifest: Mapping[str, Any], stored: StoredExport, run: RunRows) -> list[str]:
    """Where curated.csv is not what the run's own columns give."""
    outcome = apply_rules(stored.view, stored.rules, stored.decisions)
    safe = manifest["outputs"]["curated.csv"]["spreadsheet_safe"]
    again, _ = written(_curated_again(stored, run), int(outcome.kept.sum()), safe)
    return differences("curated.csv", file_bytes(folder / "curated.csv"), again, "the run")


def _curated_again(stored: StoredExport, run: RunRows) -> list[Column]:
    view = _same_scores(run.view, stored.view)
    return curated_columns(view, apply_rules(view, stored.rules, stored.decisions), run.columns)


def _cells(folder: Path, manifest: Mapping[str, Any], name: str) -> list[list[str]]:
    records = read_records(file_bytes(folder / name), name)
    restore(records, manifest["outputs"][name]["altered_cells"])
    return records


def _curated(folder: Path, manifest: Mapping[str, Any], stored: StoredExport, outcome: Outcome) -> list[str]:
    """curated.csv must hold exactly the kept rows, in order, under labels that agree with decisions.csv."""
    head, *rows = _cells(folder, manifest, "curated.csv")
    expected = [str(v) for v in stored.view.ids[outcome.kept].tolist()]
    if len(rows) != len(expected):
        return [f"curated.csv has {len(rows)} rows, replaying keeps {len(expected)}."]
    id_column = manifest["dataset"]["id_column"]
    place = head.index(id_column) if id_column in head else 0  # ours stands first
    ids = [row[place] for row in rows]
    wrong = [
        f"curated.csv row {i}: the id is {a!r}, replaying keeps {b!r} there."
        for i, (a, b) in enumerate(zip(ids, expected, strict=True))
        if a != b
    ]
    label = manifest["dataset"]["label_column"] or "label"
    return wrong or (_labels([row[head.index(label)] for row in rows], stored, outcome) if label in head else [])


def _labels(cells: list[str], stored: StoredExport, outcome: Outcome) -> list[str]:
    """One way of writing is one class; a label changed by hand stands beside the same word for another."""
    meant: dict[str, int] = {}
    codes = outcome.label_final[outcome.kept].tolist()
    names = [*stored.view.class_names, "no label"]
    return [
        f"curated.csv row {row}: the label reads {cell!r}, decisions.csv says {names[code]!r} of this row and "
        f"{names[meant[cell]]!r} of another so labeled."
        for row, (cell, code) in enumerate(zip(cells, codes, strict=True))
        if meant.setdefault(cell, code) != code
    ]


def _formats(
    folder: Path, manifest: Mapping[str, Any], stored: StoredExport, outcome: Outcome, run: RunRows | None
) -> list[str]:
    """Where files of other formats do not say what decisions.csv and the run say.

    Without the run the person's columns are those of curated.csv, which only Parquet's twin of it is held against.
    """
    view = stored.view if run is None else _same_scores(run.view, stored.view)
    facts, columns = (RunFacts(), None) if run is None else (run.facts, run.columns)
    curated = _curated_texts(folder, manifest) if run is None else None
    handed = HandOver(view, stored.rules, stored.decisions, outcome, columns, stored.weight, facts, curated)
    return changed_formats(folder, manifest["outputs"], handed, run is not None)


def _curated_texts(folder: Path, manifest: Mapping[str, Any]) -> list[Column]:
    head, *rows = _cells(folder, manifest, "curated.csv")
    columns = list(zip(*rows, strict=True)) or [()] * len(head)
    return [text_column(name, list(cells)) for name, cells in zip(head, columns, strict=True)]
