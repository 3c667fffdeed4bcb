"""Rows to be labeled as a file: a CSV with an empty label, or tasks of Label Studio."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np

from core.curation import ScoreView, apply_rules
from core.export.formats.format import HandOver
from core.export.formats.label_studio import tasks_of
from core.export.table import Column, float_column, text_column, write_csv
from core.store import Run
from core.store.atomic import write_bytes
from core.types.curation import Rules
from core.types.review import LabelNext

from .facts import run_facts

_KNOWN = ("example_id", "label", "predicted_label", "value")


def save(run: Run, view: ScoreView, chosen: LabelNext, out: Path) -> None:
    """Write the rows in their order, as the name of the file asks; raises `RunError` where it cannot be written."""
    write_bytes(out, (tasks_json if out.suffix.lower() == ".json" else tasks_csv)(run, view, chosen))


def tasks_json(run: Run, view: ScoreView, chosen: LabelNext) -> bytes:
    """Tasks of Label Studio, the model's guess as prediction."""
    rules = Rules()
    handed = HandOver(view, rules, {}, apply_rules(view, rules), run.examples.columns, "", run_facts(run))
    return (json.dumps(tasks_of(handed, chosen.order.tolist()), indent=1, ensure_ascii=False) + "\n").encode()


def tasks_csv(run: Run, view: ScoreView, chosen: LabelNext) -> bytes:
    """example_id, label (empty: to be filled in), the model's guess, what the row was worth, the person's columns."""
    rows, own = chosen.order, view.columns
    guessed = [""] * len(rows) if view.predicted is None else _names(view, np.asarray(view.predicted)[rows])
    ours = [
        text_column("example_id", [str(key) for key in view.ids[rows].tolist()]),
        text_column("label", [""] * len(rows)),
        text_column("predicted_label", guessed),
        float_column("value", chosen.value),
    ]
    theirs = [] if own is None else [str(name) for name in own.columns]
    taken = {name: own.iloc[rows, place] for place, name in enumerate(theirs)} if own is not None else {}
    columns = ours + [_own(name, cells.tolist()) for name, cells in taken.items() if name != view.label_column]
    with tempfile.TemporaryDirectory(prefix="chaffinch-label-next-") as scratch:
        path = Path(scratch) / "rows.csv"
        write_csv(path, columns, len(rows))
        return path.read_bytes()


def _own(name: str, cells: list[object]) -> Column:
    return text_column(
        f"own_{name}" if name in _KNOWN else name, ["" if c is None or c != c else str(c) for c in cells]
    )


def _names(view: ScoreView, codes: np.ndarray) -> list[str]:
    return [view.class_names[code] if 0 <= code < len(view.class_names) else "" for code in codes.tolist()]
