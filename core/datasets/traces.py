"""No model at hand: logits per epoch, out-of-fold probabilities, embeddings, recorded elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.evidence import GivenEvidence
from core.types.examples import NO_COLUMN, ExampleTable, Finding, Modality, Roles
from core.types.previews import Column, SourcePreview

from . import identity, report
from .array_archives import Header
from .array_file import (
    ArrayFile,
    check_lengths,
    check_not_empty,
    class_names_of,
    is_arrays,
    refuse_wide_labels,
    row_columns,
)
from .assemble import Parts, assemble
from .beside import embeddings_beside, may_be_signal, signal_named, unused_findings
from .label_file import join_labels
from .loader import Claim, Loader, Request
from .recorded_values import SUM, check_probabilities, finite_rows

_BLOCK = 4096  # rows of a mapped array turned into float64 at a time: 32 MB of 1,000 classes


@dataclass(frozen=True)
class Recorded:
    """Which array is which signal, and N."""

    arrays: dict[str, Header]
    count: int


def _claims(request: Request) -> Claim:
    if not is_arrays(request.path):
        return Claim.NONE
    if request.modality is Modality.TRACE:
        return Claim.REQUESTED
    recorded = request.modality is None and find_recorded(ArrayFile(request.path), request.roles)
    return Claim.LIKELY if recorded else Claim.NONE


def find_recorded(file: ArrayFile, roles: Roles) -> Recorded | None:
    """The arrays of logits [(S,) T, N, C] or [N, C], probabilities [N, C], embeddings [N, d]; None without any.

    Raises `DataError` where they are not of one N, and for a named array that is not there.
    """
    found: dict[str, Header] = {}
    for header in [file.header(roles.inputs)] if roles.inputs else list(file.headers.values()):
        kind = _kind(header, file, only=len(file.headers) == 1 or bool(roles.inputs))
        if kind and kind not in found:
            found[kind] = header
    if not found:
        return None
    counts = {name: h.shape[-2] for name, h in found.items()}
    if len(set(counts.values())) > 1:
        words = ", ".join(f'"{found[name].name}" has {n:,} rows' for name, n in counts.items())
        raise DataError(f"{file.path.name}: {words}.", "Give arrays of equal lengths, one row for each example.")
    return Recorded(found, next(iter(counts.values())))


def _kind(header: Header, file: ArrayFile, only: bool) -> str | None:
    if named := signal_named(header):
        return named
    if not only or header.dtype.kind != "f" or not may_be_signal(header):
        return None
    if len(header.shape) > 2:
        return "logits"
    head = np.asarray(file.mapped(header.name)[:1000], dtype=np.float64)
    sums_to_one = ((head >= 0) & (head <= 1 + SUM)).all() and np.allclose(head.sum(1), 1, atol=SUM, rtol=0)
    return "probabilities" if sums_to_one else "embeddings"


def _open(request: Request) -> tuple[ArrayFile, Recorded]:
    file = ArrayFile(request.path, request.cache)
    recorded = find_recorded(file, request.roles)
    if recorded is None:
        listed = ", ".join(f"{h.name} {h.shape}" for h in file.headers.values())
        raise DataError(
            f"{request.name}: no logits, probabilities or embeddings among its arrays: {listed}.",
            "Name them so, or choose one with --inputs.",
        )
    for header in recorded.arrays.values():
        check_not_empty(file, header.name)
    return file, recorded


def _columns(request: Request, file: ArrayFile, recorded: Recorded) -> tuple[pd.DataFrame, Roles]:
    first = next(iter(recorded.arrays.values()))
    wanted = request.roles
    if len(first.shape) == 2:
        check_lengths(file, first.name, (wanted.label, wanted.id, wanted.split, wanted.group))
    columns = row_columns(file, recorded.count)
    named = [n for n in ("label", "labels", wanted.label) if n in file.headers and n not in columns]
    if named:
        rows = file.headers[named[0]].shape
        raise DataError(
            f'{request.name}: "{first.name}" has {recorded.count:,} rows, but "{named[0]}" has the shape {rows}.',
            "Give one label for each row; logits are [epochs, N, classes].",
        )
    columns, roles = join_labels(columns, request.labels, wanted, request.name)
    if not roles.label and wanted.label not in (NO_COLUMN, ""):
        refuse_wide_labels(file, first.name, recorded.count, _names(recorded))
    return columns, roles


def _names(recorded: Recorded) -> list[str]:
    return [header.name for header in recorded.arrays.values()]


def _inspect(request: Request) -> SourcePreview:
    file, recorded = _open(request)
    columns, roles = _columns(request, file, recorded)
    listed = tuple(Column(h.name, f"{h.dtype} {h.shape}", "") for h in file.headers.values())
    notes = [f'{kind}: the array "{h.name}" {h.shape}' for kind, h in recorded.arrays.items()]
    notes += [unused.text for unused in unused_findings(file, _names(recorded), recorded.count)]
    head, count = columns.head(5), recorded.count
    return SourcePreview(request.name, Modality.TRACE, "traces", roles, listed, head, count, tuple(notes))


def _load(request: Request) -> ExampleTable:
    return load_recorded(request)[0]


def load_recorded(request: Request) -> tuple[ExampleTable, GivenEvidence]:
    """The table (without inputs) and what was recorded, memory-mapped."""
    file, recorded = _open(request)
    columns, roles = _columns(request, file, recorded)
    given = _evidence(file, recorded)
    if given.probabilities is not None:
        check_probabilities(given.probabilities, f'{request.name}: "{recorded.arrays["probabilities"].name}"')
    outputs = next((a.shape[-1] for a in (given.logits, given.probabilities) if a is not None), None)
    parts = Parts(
        Modality.TRACE,
        None,
        _digests(given, recorded.count),
        columns,
        roles,
        outputs=outputs,
        known_classes=class_names_of(file, recorded.count),
        findings=(*_findings(given, recorded), *unused_findings(file, _names(recorded), recorded.count)),
    )
    return assemble(request, parts), given


def load_beside(request: Request, inputs: str) -> GivenEvidence:
    """The embeddings stored next to images or features, memory-mapped."""
    file = ArrayFile(request.path, request.cache)
    header = embeddings_beside(file, inputs)
    return GivenEvidence(embeddings=file.mapped(header.name) if header else None)


def _evidence(file: ArrayFile, recorded: Recorded) -> GivenEvidence:
    arrays: dict[str, Any] = {kind: file.mapped(header.name) for kind, header in recorded.arrays.items()}
    given = GivenEvidence(**arrays)
    if given.logits is not None:
        shape = (1,) * (4 - given.logits.ndim) + given.logits.shape
        given = replace(given, logits=given.logits.reshape(shape))
    sizes = {a.shape[-1] for a in (given.logits, given.probabilities) if a is not None}
    if len(sizes) > 1:
        raise DataError(
            f"{file.path.name}: logits and probabilities disagree on the classes: {sorted(sizes)}.",
            "Record both from models with the same outputs.",
        )
    return given


def _digests(given: GivenEvidence, count: int) -> np.ndarray:
    """Content of a row: its embedding, else its probabilities, else its logits over all seeds and epochs."""
    flat = given.embeddings if given.embeddings is not None else given.probabilities
    if flat is not None:
        return identity.digest_array(flat)
    assert given.logits is not None
    blocks = [
        identity.digest_array(np.moveaxis(given.logits[:, :, start : start + _BLOCK], 2, 0))
        for start in range(0, count, _BLOCK)
    ]
    return np.concatenate(blocks) if blocks else np.array([], dtype=object)


def _findings(given: GivenEvidence, recorded: Recorded) -> list[Finding]:
    found = []
    for kind in ("logits", "probabilities", "embeddings"):
        array = getattr(given, kind)
        if array is None:
            continue
        bad = np.flatnonzero(~finite_rows(array, recorded.count))
        if len(bad):
            words = f"NaN/inf {kind}: {len(bad):,} rows ({report.some_rows(bad.tolist())})"
            found.append(report.finding("non_finite", bad, words))
        found.append(
            Finding(kind, recorded.count, f"{kind}: {recorded.arrays[kind].name} {recorded.arrays[kind].shape}")
        )
    return found


TRACES = Loader(
    "traces", "Recorded logits, probabilities or embeddings in NPZ or NPY", (Modality.TRACE,), _claims, _inspect, _load
)
