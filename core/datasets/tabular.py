"""Tables: numeric columns as float64, all others as text or None; "?" and empty cells are missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import ExampleTable, Finding, Modality, Roles
from core.types.previews import SourcePreview

from . import identity, report
from .assemble import Parts, assemble, check_columns, with_notes
from .features import MISSING, read_features
from .frames import inspect_frame, is_table, modality_of, read_frame
from .loader import Claim, Loader, Request
from .roles import guess_roles

LARGEST = 1e100  # of a number: the squares of larger ones, and sums of those, leave float64


def _claims(request: Request) -> Claim:
    return Claim.LIKELY if is_table(request.path) else Claim.NONE


def _inspect(request: Request) -> SourcePreview:
    return inspect_frame(request, "tabular")


def _load(request: Request) -> ExampleTable:
    frame, notes = read_frame(request.path)
    if modality_of(request, frame) is not Modality.TABLE:
        raise DataError(f"{request.name} does not read as a table of columns.", "Choose another modality.")
    parts = table_parts(frame, guess_roles(frame, request.roles, Modality.TABLE), request.name)
    return assemble(request, with_notes(parts, notes))


def table_parts(frame: pd.DataFrame, roles: Roles, source: str) -> Parts:
    """Features as numbers or categories, each row's hash, and what is missing or infinite.

    Raises `DataError` for a role whose column is not there, and for a table without feature columns.
    """
    check_columns(roles, frame, source)
    if not roles.features:
        only = f': its one column is named "{frame.columns[0]}"' if len(frame.columns) == 1 else ""
        raise DataError(
            f"{source} has no feature columns{only}.",
            "Separate its columns by commas, semicolons, tabs or bars."
            if only
            else "Leave at least one column beside id, label, split and group.",
        )
    given = frame[list(roles.features)].reset_index(drop=True)
    features, findings = read_features(given)
    parts = feature_parts(features, identity.digest_rows(given), frame, roles)
    return replace(parts, findings=(*parts.findings, *findings))


def feature_parts(features: pd.DataFrame, digests: np.ndarray, columns: pd.DataFrame, roles: Roles) -> Parts:
    """Parts of a table whose features are numbers and words already; what cannot be reckoned with becomes missing."""
    features, infinite, huge = _without_extremes(features)
    findings = (
        *_missing_findings(features),
        *_row_finding(infinite, "NaN/inf features: {}; taken as missing"),
        *_row_finding(huge, f"features beyond ±{LARGEST:.0e}: {{}}; taken as missing"),
        *_constant_finding(features),
    )
    return Parts(Modality.TABLE, features, digests, columns, roles, missing=MISSING, findings=findings)


def _without_extremes(features: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Rows with infinite numbers, and rows with numbers whose squares and sums would be infinite."""
    infinite, huge = np.zeros(len(features), dtype=bool), np.zeros(len(features), dtype=bool)
    numeric = features.select_dtypes(np.float64)
    size = numeric.abs().to_numpy()
    bad = size > LARGEST
    if bad.any():
        infinite, huge = np.isinf(size).any(axis=1), (bad & ~np.isinf(size)).any(axis=1)
        features = features.copy()
        features[numeric.columns] = numeric.mask(bad)
    return features, np.flatnonzero(infinite), np.flatnonzero(huge)


def _row_finding(rows: np.ndarray, words: str) -> list[Finding]:
    if not len(rows):
        return []
    named = f"{len(rows):,} rows ({report.some_rows(rows.tolist())})"
    return [report.finding("non_finite", rows, words.format(named))]


def _missing_findings(features: pd.DataFrame) -> list[Finding]:
    missing = features.isna()
    cells = int(missing.to_numpy().sum())
    if not cells:
        return [Finding("missing", 0, "no missing cells")]
    worst = missing.sum().sort_values(ascending=False, kind="stable")
    words = ", ".join(f"{name} {count:,}" for name, count in worst[worst > 0].head(5).items())
    rows = np.flatnonzero(missing.any(axis=1).to_numpy())
    return [
        report.finding(
            "missing", rows, f"missing: {cells:,} cells in {len(rows):,} rows ({words})", level="note", count=cells
        )
    ]


def _constant_finding(features: pd.DataFrame) -> list[Finding]:
    numeric = features.select_dtypes(np.float64)
    values = numeric.to_numpy()
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)  # NaN only where all are NaN
    one = set(numeric.columns[(low == high) | np.isnan(low)])
    one |= {n for n in features.columns.difference(numeric.columns) if len(set(features[n].tolist()) - {None}) <= 1}
    constant = [str(name) for name in features.columns if name in one]
    if not constant:
        return []
    return [
        report.finding("constant", constant, f"columns with one value only: {', '.join(constant[:5])}", level="note")
    ]


TABULAR = Loader("tabular", "Table: CSV, TSV, Parquet, JSONL", (Modality.TABLE,), _claims, _inspect, _load)
