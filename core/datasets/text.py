"""Texts: one column of a CSV, TSV, Parquet or JSONL file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import ExampleTable, Finding, Modality, Roles
from core.types.previews import SourcePreview

from . import identity, report
from .assemble import Parts, assemble, check_columns, with_notes
from .files import listed
from .frames import inspect_frame, is_table, modality_of, read_frame
from .loader import Claim, Loader, Request
from .roles import guess_roles


def _claims(request: Request) -> Claim:
    if not is_table(request.path):
        return Claim.NONE
    requested = request.modality is Modality.TEXT or (request.modality is None and request.roles.text)
    return Claim.REQUESTED if requested else Claim.POSSIBLE


def _inspect(request: Request) -> SourcePreview:
    return inspect_frame(request, "text")


def _load(request: Request) -> ExampleTable:
    frame, notes = read_frame(request.path)
    roles = guess_roles(frame, request.roles, modality_of(request, frame))
    return assemble(request, with_notes(text_parts(frame, roles, request.name), notes))


def text_parts(frame: pd.DataFrame, roles: Roles, source: str) -> Parts:
    """The texts as written and the hash of each; raises `DataError` without a text column."""
    check_columns(roles, frame, source)
    if not roles.text:
        raise DataError(
            f"{source} has no text column. Columns: {listed(frame.columns, 40)}.",
            "Choose one of them with --text.",
        )
    texts = np.array(frame[roles.text].astype(object).to_numpy(), dtype=object)
    return Parts(Modality.TEXT, texts, identity.digest_texts(texts), frame, roles, findings=tuple(_findings(texts)))


def _findings(texts: np.ndarray) -> list[Finding]:
    blank = np.flatnonzero([not t.strip() for t in texts])
    if not len(blank):
        return [Finding("missing", 0, "no missing texts")]
    return [report.finding("missing", blank, f"missing: {len(blank):,} empty texts")]


TEXT = Loader("text", "Text: CSV, TSV, Parquet, JSONL with a text column", (Modality.TEXT,), _claims, _inspect, _load)
