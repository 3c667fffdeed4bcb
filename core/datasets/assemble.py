"""From the parts a loader read to one ExampleTable: ids, labels, splits, duplicates, fingerprint, report card."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import NO_COLUMN, ExampleTable, Finding, Modality, Roles, Split

from . import identity, report
from .cells import refuse_nul
from .files import listed
from .image_arrays import size_finding
from .labels import MISSING, Labels, encode_labels, read_class_map
from .loader import Request
from .splits import encode_splits
from .target_kinds import target_findings


@dataclass(frozen=True, eq=False)
class Parts:
    """What a loader found: N inputs with a content hash each, and the person's own columns as text.

    known_classes: class names that came with the source. findings: what the loader itself has to report.
    """

    modality: Modality
    inputs: Any
    digests: np.ndarray
    columns: pd.DataFrame
    roles: Roles
    source_index: np.ndarray | None = None
    source_path: np.ndarray | None = None
    splits: np.ndarray | None = None
    known_classes: tuple[str, ...] = ()
    outputs: int | None = None  # of the model behind recorded logits or probabilities
    missing: tuple[str, ...] = MISSING
    findings: tuple[Finding, ...] = field(default=())


def assemble(request: Request, parts: Parts) -> ExampleTable:
    """The table; raises `DataError` for ids, labels or splits that cannot be what they claim."""
    roles, columns, count = parts.roles, parts.columns.reset_index(drop=True), len(parts.digests)
    if not count:
        raise DataError(f"{request.name} has 0 rows.", "Give a source with rows.")
    check_columns(roles, columns, request.name)
    refuse_nul(columns, request.name)
    ids = identity.given_ids(columns[roles.id], roles.id) if roles.id else identity.content_ids(parts.digests)
    labels = _labels(request, parts, columns)
    splits = parts.splits if parts.splits is not None else _splits(roles, columns)
    groups = columns[roles.group].astype(object).to_numpy().astype(str) if roles.group else None
    first = identity.first_occurrence(parts.digests)
    cards = (
        Finding("rows", count, f"{count:,} rows"),
        *_id_finding(roles, count),
        *parts.findings,
        *([size_finding(parts.inputs)] if parts.modality is Modality.IMAGE else []),
        *report.label_findings(ids, labels.codes, labels.class_names, bool(roles.label)),
        *([] if request.class_map else target_findings(labels.class_names, roles.label or "")),
        *report.name_findings(ids, labels.codes, labels.class_names),
        *report.split_findings(splits),
        *report.duplicate_findings(ids, first, labels.codes, splits),
    )
    return ExampleTable(
        name=request.name,
        modality=parts.modality,
        ids=ids,
        inputs=parts.inputs,
        labels=labels.codes,
        class_names=labels.class_names,
        splits=splits,
        groups=groups,
        source_index=np.arange(count, dtype=np.int64) if parts.source_index is None else parts.source_index,
        source_path=parts.source_path,
        columns=columns,
        roles=roles,
        report=cards,
        exact_duplicate_of=first,
        fingerprint=identity.fingerprint(ids, parts.digests, labels.codes, labels.class_names, splits, groups),
    )


def _id_finding(roles: Roles, count: int) -> list[Finding]:
    if roles.id:
        return [Finding("ids", count, f'{count:,} unique ids from the column "{roles.id}"')]
    return [Finding("ids", count, f"{count:,} unique ids made from the content")]


def _labels(request: Request, parts: Parts, columns: pd.DataFrame) -> Labels:
    if not parts.roles.label:
        if request.roles.label not in (NO_COLUMN, ""):
            raise DataError(
                f"{request.name}: no label column was given or recognized. Columns: {listed(columns.columns, 40)}.",
                f"Choose one with --label (or a file with --labels); --label {NO_COLUMN} goes on without labels.",
            )
        return Labels(np.full(len(parts.digests), -1, dtype=np.int64), parts.known_classes or request.class_names)
    mapped = read_class_map(request.class_map)
    return encode_labels(
        columns[parts.roles.label],
        source=request.name,
        known=mapped or parts.known_classes or request.class_names,
        mapped=bool(mapped),
        missing=parts.missing,
        outputs=parts.outputs or request.outputs,
    )


def _splits(roles: Roles, columns: pd.DataFrame) -> np.ndarray:
    if not roles.split:
        return np.full(len(columns), Split.TRAIN.value, dtype="<U5")
    return encode_splits(columns[roles.split], roles.split)


def check_columns(roles: Roles, columns: pd.DataFrame, source: str) -> None:
    """Raises `DataError` for a role that names a column which is not there, listing those that are."""
    wanted = (
        *((role, getattr(roles, role)) for role in ("id", "label", "text", "split", "group", "path")),
        *(("feature", name) for name in roles.features),
    )
    for role, name in wanted:
        if name and name not in columns.columns:
            raise DataError(
                f'{source} has no {role} column "{name}". Columns: {listed(columns.columns, 40)}.',
                f"Choose one of them with --{role}." if role != "feature" else "Choose among them.",
            )


def with_notes(parts: Parts, notes: tuple[Finding, ...]) -> Parts:
    """The same parts, whose report card also says what was assumed while reading."""
    return replace(parts, findings=(*notes, *parts.findings))
