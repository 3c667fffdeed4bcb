"""Tables: numeric columns as float64, all others as text or None; "?" and empty cells are missing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import ExampleTable, Finding, Modality, Roles

from . import identity, report
from .assemble import Parts, assemble, check_columns, with_notes
from .frames import inspect_frame, is_table, modality_of, read_frame
from .loader import Loader, Request, SourcePreview
from .roles import guess_roles

MISSING = ("", "?")
# In a column whose other cells are numbers these words are missing values too; in a text column they may be a category.
NUMERIC_MISSING = (*MISSING, "NA", "N/A", "na", "n/a", "NaN", "nan", "NULL", "null", "None", "none")


def _claims(request: Request) -> int:
    return 4 if is_table(request.path) else 0


def _inspect(request: Request) -> SourcePreview:
    return inspect_frame(request, "tabular")


def _load(request: Request) -> ExampleTable:
    frame, notes = read_frame(request.path)
    if modality_of(request, frame) is not Modality.TABLE:
        raise DataError(f"{request.name} does not read as a table of columns.", "Choose another modality.")
    parts = table_parts(frame, guess_roles(frame, request.roles, Modality.TABLE), request.name)
    return assemble(request, with_notes(parts, notes))


def table_parts(frame: pd.DataFrame, roles: Roles, source: str) -> Parts:
    """Features as numbers or categories, each row's hash, and what is missing or infinite."""
    check_columns(roles, frame, source)
    if not roles.features:
        raise DataError(
            f"{source} has no feature columns.", "Leave at least one column beside id, label, split and group."
        )
    given = frame[list(roles.features)].reset_index(drop=True)
    features = pd.DataFrame({name: to_feature(given[name]) for name in given.columns})
    return feature_parts(features, identity.digest_rows(given), frame, roles)


def feature_parts(features: pd.DataFrame, digests: np.ndarray, columns: pd.DataFrame, roles: Roles) -> Parts:
    """Parts of a table whose features are numbers and words already; infinite numbers become missing ones."""
    features, infinite = _without_infinite(features)
    findings = (*_missing_findings(features), *_infinite_finding(infinite), *_constant_finding(features))
    return Parts(Modality.TABLE, features, digests, columns, roles, missing=MISSING, findings=findings)


def to_feature(texts: pd.Series) -> pd.Series:
    """float64 with NaN if every filled cell is a number, else object of str with None for missing cells."""
    codes, uniques = pd.factorize(texts.astype(object))  # columns repeat themselves: each distinct cell is read once
    words = pd.Series(uniques, dtype=object)
    absent = words.isin(NUMERIC_MISSING).to_numpy()
    numbers = pd.to_numeric(words.where(~absent), errors="coerce").to_numpy(np.float64)
    if not absent.all() and not np.isnan(numbers[~absent]).any():
        return pd.Series(numbers[codes])
    return pd.Series(words.where(~words.isin(MISSING), None).to_numpy(dtype=object)[codes], dtype=object)


def _without_infinite(features: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    infinite = np.zeros(len(features), dtype=bool)
    for name in features.columns:
        if features[name].dtype == np.float64:
            bad = np.isinf(features[name].to_numpy())
            if bad.any():
                infinite |= bad
                features[name] = features[name].where(~bad)
    return features, np.flatnonzero(infinite)


def _infinite_finding(rows: np.ndarray) -> list[Finding]:
    if not len(rows):
        return []
    named = ", ".join(str(r) for r in rows[:5]) + (", ..." if len(rows) > 5 else "")
    return [report.finding("non_finite", rows, f"NaN/inf features: {len(rows):,} rows ({named}); taken as missing")]


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
    constant = [str(name) for name in features.columns if features[name].nunique(dropna=True) <= 1]
    if not constant:
        return []
    return [
        report.finding("constant", constant, f"columns with one value only: {', '.join(constant[:5])}", level="note")
    ]


TABULAR = Loader("tabular", "Table: CSV, TSV, Parquet, JSONL", (Modality.TABLE,), _claims, _inspect, _load)
