"""A dataset with a person's earlier decisions laid over it: other labels, and rows that nothing is trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from core.types.errors import DataError
from core.types.examples import UNLABELED, ExampleTable, Finding, Split
from core.types.overlay import Overlay


def _overlaid_fingerprint(of_source: str, overlay: Overlay) -> str:
    """The fingerprint of a source under an overlay; the source's own where nothing is changed."""
    changes = {k: v for k, v in asdict(overlay).items() if k not in ("parent", "branch") and v}
    if not changes:
        return of_source
    return hashlib.sha256(f"{of_source}\x1e{json.dumps(changes, sort_keys=True)}".encode()).hexdigest()


def with_overlay(examples: ExampleTable, overlay: Overlay) -> ExampleTable:
    """The table under the overlay: new labels as the source would write them, dropped rows without one.

    A dropped row keeps what stands in its columns. Raises `DataError` for an id, a class or a held-out row that the
    overlay has no business with: it was made of other data.
    """
    if not overlay:
        return examples
    if not examples.class_names:  # a pool without labels: those that were given say which classes there are
        examples = replace(examples, class_names=tuple(sorted(set(overlay.relabeled.values()))))
    row_of = {key: row for row, key in enumerate(examples.ids.tolist())}
    _refuse_strange(examples, overlay, row_of)
    labels, columns = examples.labels.copy(), examples.columns
    column = examples.roles.label
    written = None if columns is None or column not in columns else columns[column].astype(object).to_numpy().copy()
    code_of = {name: code for code, name in enumerate(examples.class_names)}
    first = {} if written is None else _first_cells(examples.labels, columns[column])
    for key, name in overlay.relabeled.items():
        labels[row_of[key]] = code_of[name]
        if written is not None:
            written[row_of[key]] = first.get(code_of[name], name)
    labels[[row_of[key] for key in overlay.dropped]] = UNLABELED
    finding = Finding("overlay", len(overlay.relabeled) + len(overlay.dropped), overlay.words)
    return replace(
        examples,
        labels=labels,
        columns=columns if written is None else columns.assign(**{str(column): written}),
        report=(*examples.report, finding),
        fingerprint=_overlaid_fingerprint(examples.fingerprint, overlay),
        source_fingerprint=examples.fingerprint,
    )


def _first_cells(labels: np.ndarray, cells: Any) -> dict[int, object]:
    """How the source writes each class: as its first row there does."""
    codes, rows = np.unique(labels, return_index=True)
    return {code: cells.iloc[row] for code, row in zip(codes.tolist(), rows.tolist(), strict=True)}


def _refuse_strange(examples: ExampleTable, overlay: Overlay, row_of: dict[str, int]) -> None:
    ids = (*overlay.relabeled, *overlay.dropped)
    _refuse(overlay, "ids that are not in", [key for key in ids if key not in row_of], examples.name)
    names = frozenset(examples.class_names)
    unknown = [name for name in overlay.relabeled.values() if name not in names]
    _refuse(overlay, "classes that are not in", unknown, examples.name)
    locked = [key for key in ids if examples.splits[row_of[key]] != Split.TRAIN]
    _refuse(overlay, "held-out rows of", locked, examples.name)


def _refuse(overlay: Overlay, what: str, strange: Iterable[str], name: str) -> None:
    found = list(strange)
    if found:
        raise DataError(
            f"The decisions of {overlay.parent} name {len(found)} {what} {name}, the first: {found[0]!r}.",
            "They were made on other data. Score it without them, or bring that data back.",
        )
