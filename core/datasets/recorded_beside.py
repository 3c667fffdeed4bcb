"""What was recorded elsewhere, joined to the examples that it is about: by id, or row by row."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.types.errors import DataError
from core.types.evidence import GivenEvidence
from core.types.examples import ExampleTable, Finding
from core.types.recorded import RecordedFiles

from . import report
from .recorded_file import RecordedFile, read_recorded
from .recorded_rows import in_order, order_of, refuse_skipped
from .recorded_values import check_probabilities, finite_rows, refuse_unlike_logits
from .score_columns import read_score_columns

_OUTPUTS = ("logits", "probabilities")
_ARRAYS = (*_OUTPUTS, "embeddings", "features")
_NUMBERED = re.compile(r"\D*(\d+)")
_PREFIX = re.compile(r"(?i)(probability|proba|prob|p|logits?)[_ .:-]")
JOINED = "recorded"  # code of the findings that say how rows were found


def open_recorded(files: RecordedFiles, id_column: str | None, cache: Path | None) -> dict[str, RecordedFile]:
    """kind -> what lies in its file. Raises `DataError` for files that cannot be read, and that do not go together."""
    found = {
        kind: read_recorded(Path(path).expanduser(), kind, id_column, cache)
        for kind, path in files.paths()
        if kind in _ARRAYS
    }
    if "features" in found and "logits" not in found:
        raise DataError(
            f"{found['features'].name}: features of the last layer say nothing without its outputs.",
            "Give the logits of the same moments (--logits); vectors for the map and for neighbors are --embeddings.",
        )
    sizes = {read.name: read.columns for kind, read in found.items() if kind in _OUTPUTS}
    if len(set(sizes.values())) > 1:
        words = ", ".join(f"{name} has {size}" for name, size in sizes.items())
        raise DataError(f"Logits and probabilities disagree on the classes: {words}.", "Record both from one model.")
    return found


def outputs_of(opened: Mapping[str, RecordedFile]) -> tuple[int | None, tuple[str, ...]]:
    """How many outputs the model has, and their names where the files tell; None and () where nothing does."""
    reads = [opened[kind] for kind in _OUTPUTS if kind in opened]
    if not reads:
        return None, ()
    named = next((names for read in reads if (names := class_names_in(read))), ())
    return reads[0].columns, named


def class_names_in(read: RecordedFile) -> tuple[str, ...]:
    """The classes that the columns are named for; () where they are only numbered."""
    numbers = [match[1] for name in read.names if (match := _NUMBERED.fullmatch(name))]
    if len(numbers) == len(read.names):
        return ()
    plain = tuple(_PREFIX.sub("", name, count=1) for name in read.names)
    return plain if all(map(_PREFIX.match, read.names)) else read.names


def join_recorded(
    examples: ExampleTable, opened: Mapping[str, RecordedFile], files: RecordedFiles, beside: GivenEvidence
) -> tuple[ExampleTable, GivenEvidence]:
    """The table, whose report and fingerprint tell of what was joined, and the evidence with its rows in table order.

    beside: what came with the source itself. Raises `DataError` for what does not fit the examples or each other.
    """
    arrays, findings = {}, list[Finding]()
    for kind, read in opened.items():
        if getattr(beside, kind) is not None:
            raise DataError(f"{examples.name} holds {kind} itself, and {read.name} others.", "Leave out one of them.")
        arrays[kind], words = _joined(examples, read)
        findings += [Finding(JOINED, len(examples), words), *_unused(read.notes), *_not_finite(arrays[kind], read)]
    own, notes = read_score_columns(files, examples)
    findings += [*(Finding(JOINED, len(examples), f"own score {s.name}: {s.file}, {s.joined}") for s in own)]
    given = replace(beside, **arrays, own_scores=own, learning_rates=_rates(opened) or beside.learning_rates)
    _check(given, opened)
    total = _fingerprint(examples.fingerprint, given, (*arrays, "own_scores"))
    told = (*examples.report, *findings, *_unused(notes))
    return replace(examples, report=told, fingerprint=total), given


def _joined(examples: ExampleTable, read: RecordedFile) -> tuple[np.ndarray, str]:
    if read.ids is None:
        refuse_skipped(examples, read.name)
    order, how = order_of(read.ids, read.rows, read.name, examples.ids, examples.source_path)
    values = in_order(read.values, order)
    if read.kind in _OUTPUTS:
        values = _in_class_order(values, read, examples)
    shape = "[" + ", ".join(f"{size:,}" for size in read.values.shape) + "]"
    words = f"{read.kind}: {read.name} {shape}, joined {how}"
    if read.kind in ("logits", "features"):
        values = values.reshape((1,) * (4 - values.ndim) + values.shape)
    return values, words


def _in_class_order(values: np.ndarray, read: RecordedFile, examples: ExampleTable) -> np.ndarray:
    classes = examples.class_names
    if classes and read.columns != len(classes):
        raise DataError(
            f"{read.name} has {read.columns:,} classes, the data have {len(classes):,}.",
            "Name every class in the order of the model's outputs: --class-map.",
        )
    names = class_names_in(read)
    if not names or names == classes or set(names) != set(classes):
        return values
    return values[..., [names.index(name) for name in classes]]


def _unused(notes: Iterable[str]) -> list[Finding]:
    return [Finding("unused", 1, note, level="warning") for note in notes]


def _not_finite(values: np.ndarray, read: RecordedFile) -> list[Finding]:
    """A line on rows of NaN, which outputs may have; raises `DataError` for vectors, which are compared with all."""
    bad = np.flatnonzero(~finite_rows(values, read.rows))
    if not len(bad):
        return []
    words = f"{read.name}: NaN or infinite {read.kind} in {len(bad):,} rows ({report.some_rows(bad.tolist())})"
    if read.kind not in _OUTPUTS:
        raise DataError(f"{words}.", "Look at how they were recorded, or leave these examples out.")
    return [report.finding("non_finite", bad, words)]


def _rates(opened: Mapping[str, RecordedFile]) -> tuple[float, ...]:
    return next((read.rates for read in opened.values() if read.rates), ())


def _check(given: GivenEvidence, opened: Mapping[str, RecordedFile]) -> None:
    if "probabilities" in opened:
        assert given.probabilities is not None
        check_probabilities(given.probabilities, opened["probabilities"].name)
    if "features" not in opened:
        return
    assert given.features is not None
    assert given.logits is not None
    if given.features.shape[:2] != given.logits.shape[:2]:
        moments = [f"{read.name} has {_moments(read)}" for read in (opened["features"], opened["logits"])]
        raise DataError(f"{', '.join(moments)}.", "Record features and logits at the same moments.")
    refuse_unlike_logits(given.features, given.logits, opened["features"].name)


def _moments(read: RecordedFile) -> str:
    return " x ".join(f"{size:,}" for size in read.values.shape[:-2]) + " epochs" if read.values.ndim > 2 else "1 epoch"


def _fingerprint(before: str, given: GivenEvidence, kinds: Iterable[str]) -> str:
    """Of the examples and of everything joined to them, rows as in the table: files in another order are the same."""
    total = hashlib.sha256(before.encode())
    for kind in kinds:
        if kind == "own_scores":
            for own in given.own_scores:
                total.update(f"{own.name}\x1f{own.low_is_suspicious}\x1e".encode())
                total.update(np.ascontiguousarray(own.values, dtype="<f4").tobytes())
            continue
        values = getattr(given, kind)
        total.update(f"{kind}{values.dtype.str}{values.shape}\x1e".encode())
        for part in values if values.ndim > 2 else (values,):
            for moment in part if part.ndim > 2 else (part,):
                total.update(np.ascontiguousarray(moment).tobytes())
    total.update(repr(given.learning_rates).encode())
    return total.hexdigest()
