"""Answers that a person gave elsewhere: read from files, checked whole, saved as one change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.store import Run
from core.types.branches import CurationState
from core.types.curation import Action, Change
from core.types.errors import DataError
from core.types.examples import UNLABELED

from ..lost_changes import guarded_log
from .entry import Answer, AnswerSource
from .label_studio import LABEL_STUDIO
from .table import TABLE

# A file is read by the first that recognizes it.
ANSWER_SOURCES: tuple[AnswerSource, ...] = (LABEL_STUDIO, TABLE)
_SHOWN = 3  # ids that a refusal names


def read_answers(path: Path) -> tuple[Answer, ...]:
    """The answers in a file, one per example; `DataError` for a file that no source recognizes, or that says two things
    of one example.
    """
    answers = tuple(_source(path).read(path))
    if not answers:
        raise DataError(f"{path.name} holds no answer.", "Answer some of its rows first.")
    _refuse_twice(path, answers)
    return answers


def ids_named(path: Path) -> tuple[str, ...]:
    """The ids of every row of a file of answers, those without an answer, too. Raises `DataError`."""
    return tuple(_source(path).ids(path))


def _source(path: Path) -> AnswerSource:
    source = next((one for one in ANSWER_SOURCES if one.recognizes(path)), None)
    if source is None:
        kinds = "; ".join(f"{one.title} ({one.summary})" for one in ANSWER_SOURCES)
        raise DataError(f"{path.name} is no file of answers.", f"Known: {kinds}")
    return source


def decide_from(run: Run, path: Path, *, token: str, curation: str) -> tuple[CurationState, Mapping[str, Change]]:
    """Save all answers of a file as one change, which one undo takes back; the state and what was said of each id.

    An answer that is the example's own label keeps it. Raises `DataError` for an id or a class that the run does not
    have; nothing is changed then.
    """
    changes = planned(run, path)
    state = guarded_log(run).decide_each(curation, changes, f"answers from {path.name}", token=token)
    return state, changes


def planned(run: Run, path: Path) -> dict[str, Change]:
    """What the answers of a file would change, by id; nothing is saved. Raises `DataError` as `decide_from` does."""
    answers = read_answers(path)
    _refuse_unknown(run, path, answers)
    labels = dict(zip(run.examples.ids.tolist(), run.examples.labels.tolist(), strict=True))
    return {one.example_id: _change(one, _name(run, labels[one.example_id])) for one in answers}


def _change(answer: Answer, given: str | None) -> Change:
    if answer.action is not None and answer.action is not Action.RELABEL:
        return Change(answer.action, note=answer.note, reviewed=answer.action is not Action.CLEAR)
    if answer.label == given:
        return Change(Action.KEEP, note=answer.note, reviewed=True)
    return Change(Action.RELABEL, label=answer.label, note=answer.note, reviewed=True)


def _name(run: Run, code: int) -> str | None:
    return None if code == UNLABELED else run.examples.class_names[code]


def _refuse_twice(path: Path, answers: Sequence[Answer]) -> None:
    seen: dict[str, Answer] = {}
    for one in answers:
        if seen.setdefault(one.example_id, one) != one:
            raise DataError(f"{path.name} says two things of {one.example_id!r}.", "Leave one answer for each example.")


def _refuse_unknown(run: Run, path: Path, answers: Sequence[Answer]) -> None:
    known, names = frozenset(run.examples.ids.tolist()), run.examples.class_names
    strange = [one.example_id for one in answers if one.example_id not in known]
    if strange:
        raise DataError(
            f"{path.name}: {len(strange)} of {len(answers)} ids are not in this run, the first: "
            f"{', '.join(map(repr, strange[:_SHOWN]))}.",
            "Nothing was changed. Give the file that belongs to this run.",
        )
    if not names:  # nothing is labeled yet: the answers say which classes there are
        return
    wrong = next((one for one in answers if one.label is not None and one.label not in names), None)
    if wrong is not None:
        raise DataError(
            f"{path.name}: {wrong.label!r}, said of {wrong.example_id!r}, is no class of this run.",
            f"Nothing was changed. Classes: {', '.join(names)}.",
        )


__all__ = ["ANSWER_SOURCES", "Answer", "AnswerSource", "decide_from", "ids_named", "planned", "read_answers"]
