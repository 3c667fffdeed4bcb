"""Does an export still say what was decided? Three levels, from bytes to scores."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.curation import ScoreColumn, ScoreView, apply_rules
from core.types.errors import CurationError, VerifyError
from core.types.scores import average_rank

from .changes import find_changes
from .decisions_table import decision_columns
from .replay import StoredExport, manifest_is_whole, read_export, read_manifest, read_records
from .table import write_csv

# Of a score's standard deviation over rows: well above float32 noise, well below what moves a rank far.
TOLERANCE = 1e-3
# Networks trained again on another processor or number of threads end elsewhere: then the order of the rows must agree.
# Measured between one and two threads: rank correlations of .97 and more, VoG .93.
ALIKE = 0.9
_MOST_NAMED = 20
Recompute = Callable[[], tuple[Sequence[str], Mapping[str, np.ndarray]]]


@dataclass(frozen=True)
class LevelReport:
    """ok None: this level was not checked. details: one sentence per finding. flips: ids whose decision changes."""

    level: int
    title: str
    ok: bool | None
    text: str
    details: tuple[str, ...] = ()
    flips: tuple[str, ...] = ()


def verify(folder: Path, run: Path | None = None, level: int = 3,
           recompute: Recompute | None = None, trained_again: bool = False) -> list[LevelReport]:
    """Reports of the levels up to `level`: 1 file hashes, 2 rules replayed to identical bytes, 3 scores recomputed.

    Levels 1 and 2 need the folder alone. `recompute()` gives (ids, score name -> values) from the run named `run`; it
    is not asked when the files themselves differ. trained_again: the values come from networks trained anew.
    Raises `VerifyError` when there is no manifest to check against.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    reports = [_level_1(folder, manifest)]
    stored: StoredExport | None = None
    if level >= 2:
        second, stored = _level_2(folder, manifest)
        reports.append(second)
    if level >= 3:
        whole = all(report.ok for report in reports)
        reports.append(_level_3(stored if whole else None, run, recompute, trained_again))
    return reports


def raise_if_failed(reports: Sequence[LevelReport]) -> None:
    """Raises `VerifyError` with the first finding of the first level that failed."""
    for report in reports:
        if report.ok is False:
            raise VerifyError(report.details[0] if report.details else report.text,
                              "Restore the export or write it again.")


def _level_1(folder: Path, manifest: Mapping[str, Any]) -> LevelReport:
    findings = [] if manifest_is_whole(manifest) else ["manifest.json was changed: its own hash differs."]
    for name, record in sorted(manifest["outputs"].items()):
        findings += _check_file(folder / name, name, record)
    title = "Files are as exported"
    if findings:
        plural = "s" if len(findings) > 1 else ""
        return LevelReport(1, title, False, f"{len(findings)} finding{plural}.", tuple(findings))
    return LevelReport(1, title, True, f"The hashes of {len(manifest['outputs'])} files and of the manifest agree.")


def _check_file(path: Path, name: str, record: Mapping[str, Any]) -> list[str]:
    if Path(name).name != name or not path.is_file():
        return [f"{name} is missing."]
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() == record["sha256"]:
        return []
    if not name.endswith(".csv"):
        return [f"{name} was changed: its hash differs."]
    try:
        return find_changes(name, data, record)
    except VerifyError as error:
        return [str(error)]


def _level_2(folder: Path, manifest: Mapping[str, Any]) -> tuple[LevelReport, StoredExport | None]:
    title = "Rules and decisions replayed"
    try:
        data = (folder / "decisions.csv").read_bytes()
        stored = read_export(manifest, read_records(data, "decisions.csv"))
        findings = [*_replay(data, stored), *_curated(folder, manifest, stored)]
    except CurationError as error:
        return LevelReport(2, title, False, "The export does not replay.", (str(error),)), None
    except OSError as error:
        return LevelReport(2, title, False, "The export does not replay.", (f"decisions.csv: {error.strerror}.",)), None
    if findings:
        return LevelReport(2, title, False, "Replaying gives another table.", tuple(findings)), stored
    return LevelReport(2, title, True, f"{len(stored.view):,} rows replay to the same bytes."), stored


def _replay(data: bytes, stored: StoredExport) -> list[str]:
    view, rules, decisions = stored.view, stored.rules, stored.decisions
    columns = decision_columns(view, rules, decisions, apply_rules(view, rules, decisions))
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "decisions.csv"
        write_csv(path, columns, len(view))
        again = path.read_bytes()
    if again == data:
        return []
    now, then = read_records(data, "decisions.csv"), read_records(again, "decisions.csv")
    cells = [f"decisions.csv row {r - 1} ({row[0]}), column {now[0][k]!r}: reads {cell!r}, "
             f"replaying gives {then[r][k]!r}."
             for r, row in enumerate(now) for k, cell in enumerate(row) if cell != then[r][k]]
    return cells[:_MOST_NAMED] or ["decisions.csv: the cells replay, but the bytes differ (line ends or quoting)."]


def _curated(folder: Path, manifest: Mapping[str, Any], stored: StoredExport) -> list[str]:
    """curated.csv must hold exactly the kept rows, in order; its own columns are covered by level 1."""
    records = read_records((folder / "curated.csv").read_bytes(), "curated.csv")
    kept = apply_rules(stored.view, stored.rules, stored.decisions).kept
    if len(records) - 1 != int(kept.sum()):
        return [f"curated.csv has {len(records) - 1} rows, replaying keeps {int(kept.sum())}."]
    key = manifest["dataset"]["id_column"] or "example_id"
    if key not in records[0]:
        return []
    place = records[0].index(key)
    ids = [row[place] for row in records[1:]]
    wanted = [str(v) for v in stored.view.ids[kept].tolist()]
    # an altered id carries an apostrophe in curated.csv
    wrong = [i for i, (a, b) in enumerate(zip(ids, wanted, strict=True)) if a not in (b, "'" + b)]
    return [f"curated.csv row {i}: the id is {ids[i]!r}, replaying keeps {wanted[i]!r} there."
            for i in wrong[:_MOST_NAMED]]


def _level_3(
    stored: StoredExport | None, run: Path | None, recompute: Recompute | None, trained_again: bool
) -> LevelReport:
    title = "Scores recomputed"
    if recompute is None:
        return LevelReport(3, title, None, "Not checked: the run is not at hand." if run is None else
                           "Not checked: this run's scores cannot be made again from the export.")
    if stored is None:
        return LevelReport(3, title, None, "Not checked: the files themselves differ.")
    ids, fresh = recompute()
    return compare_scores(stored, ids, fresh, trained_again)


def compare_scores(
    stored: StoredExport, ids: Sequence[str], fresh: Mapping[str, np.ndarray], trained_again: bool = False
) -> LevelReport:
    """Largest difference of each score against the tolerance, and the rows whose decision flips with fresh values.

    trained_again: where values differ, orders that agree (rank correlation of `ALIKE`) pass too, and the text says so.
    """
    view = stored.view
    place = {str(key): row for row, key in enumerate(ids)}
    missing = [key for key in view.row_of if key not in place]
    if missing:
        return LevelReport(3, "Scores recomputed", False, "Other examples.",
                           (f"{len(missing)} exported examples are not in the data, first {missing[0]!r}.",))
    order = np.array([place[str(key)] for key in view.ids], np.int64)
    findings = []
    scores = dict(view.scores)
    for name, column in view.scores.items():
        if name not in fresh:
            findings.append(f"{name} was not recomputed.")
            continue
        values = np.asarray(fresh[name], np.float32)[order]
        scores[name] = replace(column, values=values)
        findings += _difference(name, column.values, values)
    flips = _flips(stored, replace(view, scores=scores, _results={}))
    if findings and trained_again:
        return _alike(stored, scores, findings, flips)
    within = f"{len(view.scores)} scores within" if not findings else f"{len(findings)} scores not within"
    text = f"{within} {TOLERANCE:g} of their standard deviation, {len(flips)} decisions flip."
    return LevelReport(3, "Scores recomputed", not findings and not flips, text, tuple(findings), flips)


def _alike(
    stored: StoredExport, fresh: Mapping[str, ScoreColumn], findings: Sequence[str], flips: tuple[str, ...]
) -> LevelReport:
    """For networks that ended elsewhere: does each score still order the rows as it did?"""
    agreement = {name: _rank_correlation(column.values, fresh[name].values) for name, column in
                 stored.view.scores.items()}
    unlike = [f"{name}: its rank correlation with the exported values is {r:.3f}, below {ALIKE:g}."
              for name, r in agreement.items() if r < ALIKE]
    lowest = min(agreement, key=agreement.__getitem__)
    text = (f"{len(findings)} scores end elsewhere than on the machine that made them; rank correlations of "
            f"{agreement[lowest]:.3f} ({lowest}) and more, {len(flips)} decisions flip.")
    return LevelReport(3, "Scores recomputed", not unlike, text, tuple(unlike), flips)


def _rank_correlation(was: np.ndarray, now: np.ndarray) -> float:
    """Spearman over the rows that have both; 1 for two constants, because then nothing is ordered."""
    both = np.isfinite(was) & np.isfinite(now)
    a, b = average_rank(was[both]), average_rank(now[both])
    if both.sum() < 2 or a.std() == 0 or b.std() == 0:
        return 1.0 if both.any() and a.std() == b.std() else 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _difference(name: str, was: np.ndarray, now: np.ndarray) -> list[str]:
    if (np.isnan(was) != np.isnan(now)).any():
        return [f"{name}: {int((np.isnan(was) != np.isnan(now)).sum())} rows have a value only in one of the two."]
    if np.isnan(was).all():
        return []
    largest = float(np.nanmax(np.abs(was.astype(np.float64) - now)))
    allowed = TOLERANCE * float(np.nanstd(was.astype(np.float64))) + 1e-6 * float(np.nanmax(np.abs(was)))
    return [f"{name}: differs by up to {largest:.3g}, allowed {allowed:.3g}."] if largest > allowed else []


def _flips(stored: StoredExport, fresh: ScoreView) -> tuple[str, ...]:
    before = apply_rules(stored.view, stored.rules, stored.decisions).kept
    after = apply_rules(fresh, stored.rules, stored.decisions).kept
    return tuple(str(key) for key in stored.view.ids[before != after].tolist())
