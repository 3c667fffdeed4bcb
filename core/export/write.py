"""Writes an export: whole or not at all."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.curation import ScoreView, apply_rules, emptied_classes
from core.types.curation import Decision, Outcome, Rules
from core.types.errors import CurationError, DataError, RulesError
from core.types.exports import ExportOptions

from .curated_table import formula_cells
from .formats import FILES, ExportFormat, HandOver, RunFacts, formats_named
from .handed_over import write_formats
from .listed import files_in_lists
from .manifest import FORMAT, build_manifest, to_text
from .readiness import Line
from .table import Column, write_csv
from .weights import usable_weight, weighed_words

CONFIRM = "If it is meant, say so: --yes on the command line, the box above the button on screen."


@dataclass(frozen=True)
class ExportReport:
    """What was written. `hashes`: file -> sha256.

    formulas: cells of curated.csv that a spreadsheet would run; safe: whether these were written with an apostrophe
    before them instead of as they are. checklist: whether it is fit to be used, a light and a sentence each. weighed:
    what the weights for training amount to.
    """

    folder: Path
    kept: int
    dropped: int
    hashes: Mapping[str, str]
    warnings: tuple[str, ...]
    formulas: int = 0
    safe: bool = False
    checklist: tuple[Line, ...] = ()
    weighed: str = ""

    @property
    def verify_line(self) -> str:
        """The command that checks the export."""
        return f"python -m core verify {self.folder}"


def write_export(
    view: ScoreView,
    rules: Rules,
    decisions: Mapping[str, Decision],
    provenance: Mapping[str, Any],
    columns: Any,
    out: Path,
    options: ExportOptions = ExportOptions(),
    facts: RunFacts = RunFacts(),
) -> ExportReport:
    """curated.csv, decisions.csv and manifest.json (and what `options.formats` name beside) in the folder `out`.

    curated.csv holds the user's own cells as they are, unless it is made for spreadsheets: then each altered cell is
    listed in the manifest. decisions.csv is always made for spreadsheets, Parquet never. facts: what other formats
    read of the run.

    provenance: JSON values for the manifest (model, checkpoints, versions, spec, check, ...); "current_fingerprint" is
    compared with the view's and left out. columns: the user's own columns (DataFrame, N rows) or None.
    Refuses (DataError, RulesError): ids that are not unique, a dataset changed since scoring, a class emptied without
    `allow_empty_class` or `options.confirmed`, a weight that is unknown or cannot be had, a folder with someone else's
    files. The same arguments give the same bytes.
    """
    out = Path(out)
    formats = formats_named(options.formats)
    usable_weight(view, options.sample_weight)
    outcome = apply_rules(view, rules, decisions)
    _refuse(view, provenance)
    _refuse_formats(view, formats, facts)
    if not options.confirmed:
        _refuse_emptied(view, rules, outcome)
    _refuse_folder(out)
    handed = HandOver(view, rules, decisions, outcome, columns, options.sample_weight, facts)
    tables = (
        Table("curated", handed.curated, int(outcome.kept.sum()), options.spreadsheet_safe),
        Table("decisions", handed.decided, len(view)),
    )
    kept_provenance = {k: v for k, v in provenance.items() if k != "current_fingerprint"}
    with _folder_in_the_making(out) as folder:
        outputs = _write_tables(folder, tables, handed, formats)
        manifest = build_manifest(view, rules, decisions, outcome, kept_provenance, outputs, options.sample_weight)
        (folder / "manifest.json").write_bytes(to_text(manifest).encode())
    return _report(out, handed, manifest, options.spreadsheet_safe)


def _report(out: Path, handed: HandOver, manifest: Mapping[str, Any], safe: bool) -> ExportReport:
    counts = handed.outcome.counts
    return ExportReport(
        out,
        counts["kept"],
        counts["dropped"],
        {name: entry["sha256"] for name, entry in manifest["outputs"].items()},
        tuple(manifest["warnings"]),
        formula_cells(handed.curated, counts["kept"]),
        safe,
        weighed=weighed_words(handed.weights),
    )


@dataclass(frozen=True, eq=False)
class Table:
    """One table of an export. for_spreadsheets: whether its CSV is written so that no spreadsheet runs a cell."""

    name: str
    columns: list[Column]
    rows: int
    for_spreadsheets: bool = True


@contextmanager
def _folder_in_the_making(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place once the block has ended; `CurationError` where that cannot be."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as building:
            folder = Path(building) / "export"
            folder.mkdir()
            yield folder
            _swap(folder, out, Path(building) / "earlier")
    except OSError as error:
        raise CurationError(
            f"The export to {out} could not be written: {error.strerror or error}.",
            "Choose a folder that can be written to, with enough room.",
        ) from error


def _refuse_formats(view: ScoreView, formats: Sequence[ExportFormat], facts: RunFacts) -> None:
    for one in formats:
        if why := one.why_not(view, facts):
            raise CurationError(why, f"Leave {one.name} out of the formats.")


def _write_tables(
    folder: Path, tables: Sequence[Table], handed: HandOver, formats: Sequence[ExportFormat]
) -> dict[str, Any]:
    outputs: dict[str, Any] = {}
    for t in tables:
        record = write_csv(folder / f"{t.name}.csv", t.columns, t.rows, t.for_spreadsheets)
        outputs[f"{t.name}.csv"] = {**record.to_json(), "spreadsheet_safe": t.for_spreadsheets}
    return {**outputs, **write_formats(folder, handed, formats)}


def _swap(folder: Path, out: Path, earlier: Path) -> None:
    """Put the finished folder in place; an earlier export steps aside first and is deleted with the building site."""
    if out.exists():
        out.rename(earlier)
    try:
        folder.rename(out)
    except OSError:
        if earlier.exists():
            earlier.rename(out)
        raise


def _refuse(view: ScoreView, provenance: Mapping[str, Any]) -> None:
    ids, counts = np.unique(np.asarray(view.ids, str), return_counts=True)
    if len(ids) != len(view):
        raise DataError(
            f"{len(view) - len(ids)} ids occur more than once, first {ids[counts > 1][0]!r}.",
            "Choose another id column, or none: ids are then made from the content.",
        )
    now = provenance.get("current_fingerprint")
    if now is not None and now != view.fingerprint:
        raise DataError("The dataset changed since it was scored.", "Run the scores again on the data as it is now.")


def _refuse_emptied(view: ScoreView, rules: Rules, outcome: Outcome) -> None:
    empty = emptied_classes(view, outcome)
    if empty and not rules.guardrails.allow_empty_class:
        raise RulesError(
            f"No training row would be left of {', '.join(map(repr, empty[:5]))}.",
            f"Keep some of its rows, or allow emptied classes in the guardrails. {CONFIRM}",
        )


def _refuse_folder(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise CurationError(f"{out} is not a folder.", "Choose another place for the export.")
    if not out.exists():
        return
    names, ours = _files_below(out), _is_ours(out)
    known = files_in_lists(out).union(FILES) if ours else frozenset(FILES)
    foreign = sorted(set(names) - known)
    if names and (foreign or not ours):
        raise CurationError(
            f"{out} holds files that are not an export of Chaffinch ({(foreign or names)[0]}).",
            "Choose a new or empty folder; only an earlier export is replaced.",
        )


def _files_below(out: Path) -> list[str]:
    """Their places in the folder, links as what they are."""
    return sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_symlink() or not p.is_dir())


def _is_ours(out: Path) -> bool:
    try:
        return json.loads((out / "manifest.json").read_text("utf-8")).get("format") == FORMAT
    except (OSError, ValueError, AttributeError):
        return False
