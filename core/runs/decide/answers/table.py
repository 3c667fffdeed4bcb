"""A CSV of decisions: example_id, and action (keep, drop, relabel, clear) or label or both, and a note."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.datasets.delimited import read_delimited
from core.types.curation import Action
from core.types.errors import DataError

from .entry import Answer, AnswerSource

if TYPE_CHECKING:
    import pandas as pd

_ID, _ACTION, _LABEL, _NOTE = "example_id", "action", "label", "note"
_ACTIONS = {action.value: action for action in (Action.KEEP, Action.DROP, Action.RELABEL, Action.CLEAR)}
_NAMES = (".csv", ".tsv")


def _recognizes(path: Path) -> bool:
    return path.suffix.lower() in _NAMES


def _read(path: Path) -> Iterator[Answer]:
    frame = _frame(path)
    columns = {name: frame[name].tolist() for name in (_ID, _ACTION, _LABEL, _NOTE) if name in frame.columns}
    empty = [""] * len(frame)
    rows = zip(columns[_ID], *(columns.get(name, empty) for name in (_ACTION, _LABEL, _NOTE)), strict=True)
    for number, (example_id, action, label, note) in enumerate(rows, 2):  # the header is line 1
        if action or label:  # what was not answered is left as it is
            yield _answer(path, number, example_id, action.strip().lower(), label, note)


def _ids(path: Path) -> list[str]:
    return [str(one) for one in _frame(path)[_ID].tolist()]


def _frame(path: Path) -> pd.DataFrame:
    frame, _ = read_delimited(path)
    if _ID not in frame.columns or not {_ACTION, _LABEL} & set(frame.columns):
        raise DataError(
            f"{path.name} has the columns {', '.join(map(str, frame.columns))}.",
            f"It needs {_ID}, and {_ACTION} ({', '.join(_ACTIONS)}) or {_LABEL} or both.",
        )
    return frame


def _answer(path: Path, number: int, example_id: str, action: str, label: str, note: str) -> Answer:
    if action and action not in _ACTIONS:
        raise DataError(
            f"{path.name}, line {number}: the action is {action!r}.", f"Write one of {', '.join(_ACTIONS)}."
        )
    if action == Action.RELABEL and not label:
        raise DataError(f"{path.name}, line {number}: relabel without a label.", "Write the class in the column label.")
    said = label if action in ("", Action.RELABEL) else None  # the label of a row that is kept or dropped is its own
    return Answer(example_id, _ACTIONS.get(action), said, note or None)


TABLE = AnswerSource(
    name="table",
    title="CSV",
    summary="example_id, and action (keep, drop, relabel, clear) or label; note.",
    recognizes=_recognizes,
    read=_read,
    ids=_ids,
)
