"""`cleanlab`: what was found about each row, in the columns that cleanlab's Datalab reports issues in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.curation import applied_groups, label_evidence, label_suggested

from ..table import Column, coded_column, float_column, text_column, write_csv
from .format import ExportFormat, HandOver

_FILE = "cleanlab.csv"


def _write(handed: HandOver, folder: Path) -> dict[str, int]:
    write_csv(folder / _FILE, _columns(handed), len(handed.view))
    return {_FILE: len(handed.view)}


def _columns(handed: HandOver) -> list[Column]:
    """is_label_issue: a model that did not see the row prefers another label with confidence. label_score: rank of the
    evidence for the label, 0..1, low = suspicious. near_duplicate_sets: rows of one group have one number.
    """
    view = handed.view
    groups = applied_groups(view, handed.rules.guardrails)
    predicted = np.full(len(view), -1) if view.predicted is None else np.asarray(view.predicted)
    return [
        text_column("example_id", [str(one) for one in view.ids.tolist()]),
        _truth("is_label_issue", label_suggested(view) >= 0),
        float_column("label_score", label_evidence(view) + np.float32(0.5)),
        coded_column("given_label", view.labels, view.class_names),
        coded_column("predicted_label", predicted, view.class_names),
        _truth("is_near_duplicate_issue", groups >= 0),
        text_column("near_duplicate_sets", ["" if g < 0 else str(g) for g in groups.tolist()]),
    ]


def _truth(name: str, values: np.ndarray) -> Column:
    return coded_column(name, values.astype(np.int64), ("False", "True"))


CLEANLAB = ExportFormat(
    name="cleanlab",
    title="cleanlab",
    summary="cleanlab.csv: label issues and near-duplicates in the columns of Datalab.",
    write=_write,
    files=(_FILE,),
    opened_by='pandas.read_csv("cleanlab.csv", index_col="example_id")',
)
