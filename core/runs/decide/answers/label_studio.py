"""What Label Studio exports as JSON or JSON-MIN of tasks that the format `labelstudio` wrote.

JSON: a list of tasks, each with `data` (as we wrote it) and `annotations`, of which the last that was not cancelled
counts. JSON-MIN: a list of flat rows, `label` beside the fields of `data`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.store.atomic import read_json
from core.types.errors import DataError, RunError

from .entry import Answer, AnswerSource

_LABEL, _ID = "label", "example_id"  # the names in our labeling config and tasks
_AGAIN = "Export the project again as JSON or JSON-MIN."


def _recognizes(path: Path) -> bool:
    return path.suffix.lower() == ".json"


def _read(path: Path) -> Iterator[Answer]:
    for number, task, data, example_id in _named(path):
        label = _annotated(path, number, task) if "annotations" in task else _choice(data.get(_LABEL), path, number)
        if label is not None:
            yield Answer(example_id, None, label)


def _ids(path: Path) -> Iterator[str]:
    return (example_id for _, _, _, example_id in _named(path))


def _named(path: Path) -> Iterator[tuple[int, dict[str, Any], dict[str, Any], str]]:
    """Each task: its number, itself, its data, the example it is about."""
    for number, task in enumerate(_tasks(path), 1):
        if not isinstance(task, dict):
            raise DataError(f"{path.name}: entry {number} is no task.", _AGAIN)
        data = task.get("data", task)
        example_id = data.get(_ID) if isinstance(data, dict) else None
        if not isinstance(example_id, str):
            raise DataError(f"{path.name}: task {number} has no {_ID}.", "Import tasks.json as it was exported.")
        yield number, task, data, example_id


def _tasks(path: Path) -> list[Any]:
    try:
        tasks = read_json(path)
    except RunError as error:
        raise DataError(str(error), _AGAIN) from None
    if not isinstance(tasks, list):
        raise DataError(f"{path.name} is no list of tasks.", _AGAIN)
    return tasks


def _annotated(path: Path, number: int, task: dict[str, Any]) -> str | None:
    """The class that the last annotation of a task gives; None where nobody answered."""
    said = None
    for one in _list(task["annotations"], path, number):
        if isinstance(one, dict) and not one.get("was_cancelled"):
            for result in _list(one.get("result", []), path, number):
                if isinstance(result, dict) and result.get("from_name") == _LABEL:
                    said = _choice(result.get("value"), path, number)
    return said


def _choice(value: Any, path: Path, number: int) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    choices = value.get("choices") if isinstance(value, dict) else value
    if not isinstance(choices, list) or len(choices) > 1 or not all(isinstance(one, str) for one in choices):
        raise DataError(
            f"{path.name}: task {number} does not name one class.", "Label Studio was to let one be chosen."
        )
    return choices[0] if choices else None


def _list(value: Any, path: Path, number: int) -> list[Any]:
    if not isinstance(value, list):
        raise DataError(f"{path.name}: the annotations of task {number} are no list.", _AGAIN)
    return value


LABEL_STUDIO = AnswerSource(
    name="labelstudio",
    title="Label Studio",
    summary="what it exports as JSON or JSON-MIN of our tasks.",
    recognizes=_recognizes,
    read=_read,
    ids=_ids,
)
