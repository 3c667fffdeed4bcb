"""Does an export still say what was decided? Three levels, from bytes to scores."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.types.errors import VerifyError

from .changes import find_changes
from .formats import FILES
from .levels import LevelReport
from .listed import list_findings
from .recomputed import compare_scores
from .replay import StoredExport, manifest_is_whole, read_manifest
from .replayed import RunRows, curated_findings, file_bytes, replayed


@dataclass(frozen=True, eq=False)
class Recomputed:
    """Scores computed again: by id, and the user's own columns as they were read again (DataFrame or None)."""

    ids: Sequence[str]
    scores: Mapping[str, np.ndarray]
    columns: Any = None


Recompute = Callable[[], Recomputed]


def verify(
    folder: Path,
    level: int = 3,
    *,
    run: RunRows | None = None,
    why_not: str = "the run is not at hand",
    recompute: Recompute | None = None,
    trained_again: bool = False,
) -> list[LevelReport]:
    """Reports of the levels up to `level`: 1 file hashes, 2 rules replayed to identical bytes, 3 scores recomputed.

    Level 1 and the replay need the folder alone. run: the rows it came from; with them level 2 writes decisions.csv and
    curated.csv again, without them it says that the values of curated.csv were not checked, and `why_not`.
    recompute: computes the scores again; not asked when the files themselves differ. trained_again: by networks trained
    anew. Raises `VerifyError` when there is no manifest to check against.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    reports = [_level_1(folder, manifest)]
    stored: StoredExport | None = None
    if level >= 2:
        second, stored = replayed(folder, manifest, run, why_not)
        reports.append(second)
    if level >= 3:
        whole = stored if all(report.ok for report in reports) else None
        reports.append(_level_3(folder, manifest, whole, run, why_not, recompute, trained_again))
    return reports


def _level_1(folder: Path, manifest: Mapping[str, Any]) -> LevelReport:
    findings = [] if manifest_is_whole(manifest) else ["manifest.json was changed: its own hash differs."]
    for name, record in sorted(manifest["outputs"].items()):
        findings += _check_file(folder / name, name, record)
    extra = [name for name in FILES if name not in (*manifest["outputs"], "manifest.json") and (folder / name).exists()]
    findings += [f"{name} is not listed in manifest.json." for name in extra]
    findings += list_findings(folder, manifest["outputs"])
    title = "Files are as exported"
    if findings:
        plural = "s" if len(findings) > 1 else ""
        return LevelReport(1, title, False, f"{len(findings)} finding{plural}.", tuple(findings))
    return LevelReport(1, title, True, f"The hashes of {len(manifest['outputs'])} files and of the manifest agree.")


def _check_file(path: Path, name: str, record: Mapping[str, Any]) -> list[str]:
    try:
        data = file_bytes(path)
        if hashlib.sha256(data).hexdigest() == record["sha256"]:
            return []
        return find_changes(name, data, record) if name.endswith(".csv") else [f"{name} was changed: its hash differs."]
    except VerifyError as error:
        return [str(error)]


def _level_3(
    folder: Path,
    manifest: Mapping[str, Any],
    stored: StoredExport | None,
    run: RunRows | None,
    why_not: str,
    recompute: Recompute | None,
    trained_again: bool,
) -> LevelReport:
    title = "Scores recomputed"
    if recompute is None:
        return LevelReport(3, title, None, f"Not checked: {why_not.rstrip('.')}.")
    if stored is None:
        return LevelReport(3, title, None, "Not checked: the files themselves differ.")
    fresh = recompute()
    report = compare_scores(stored, fresh.ids, fresh.scores, trained_again)
    if run is None or not report.ok:
        return report
    findings = curated_findings(folder, manifest, stored, replace(run, columns=fresh.columns))
    if not findings:
        return report
    return replace(report, ok=False, text="curated.csv is not what the data gives.", details=tuple(findings))
