"""A library result as a run folder: the scores, what goes with them, and the inputs, so that they can be looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.runs.folder.source import absolute, load_source
from core.runs.watch.saved_run import Answer, save_answer
from core.store import Run
from core.store.atomic import write_json, write_with
from core.store.runs import is_run
from core.types.errors import DataError, RunError
from core.types.examples import NO_COLUMN, UNLABELED, ExampleTable, Modality, Roles
from core.types.progress import Progress
from core.types.runs import RunSpec

_INPUTS, _CLASSES = "inputs", "classes.json"  # a folder of the run, and in it the names of the classes in their order
_ID, _LABEL, _SPLIT, _GROUP = "example_id", "given_label", "data_split", "data_group"


@dataclass(frozen=True, eq=False)
class Asked:
    """What `core.score` was asked, as far as a run says it."""

    seed: int
    named: tuple[str, ...]  # scores, or ("all",)
    settings: dict[str, dict[str, Any]]


def save_run(answer: Answer, asked: Asked, folder: Path, source: str | None, progress: Progress) -> Run:
    """Write the run. source: where the examples came from; without it their inputs are written into the folder.

    Raises `RunError` for a folder that is taken, `DataError` where the source is not what was scored.
    """
    folder = folder.absolute()
    if is_run(folder) or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise RunError(f"{folder} is not empty.", "Choose a new folder.")
    spec = RunSpec(str(folder), scores=asked.named, score_params=asked.settings, seed=asked.seed, map=False)
    examples = answer.examples
    if source is not None:
        told = absolute(replace(spec, source=source))
        return save_answer(told, answer, folder, progress, lambda: _same(load_source(told).examples, examples, source))
    if examples.modality is Modality.TRACE or examples.inputs is None:
        return save_answer(replace(spec, modality=Modality.TRACE.value), answer, folder, progress)
    place = folder / _INPUTS
    spec = replace(spec, **_question_about(examples, place))

    def written() -> ExampleTable:
        write_json(place / _CLASSES, list(examples.class_names))
        _WRITERS[examples.modality](examples, Path(spec.source))
        return _same(load_source(spec).examples, examples, spec.source)

    return save_answer(spec, answer, folder, progress, written)


def _question_about(examples: ExampleTable, place: Path) -> dict[str, Any]:
    """The parts of a spec that read the inputs back as they are written there."""
    name = Path(examples.name).stem or "examples"
    kind = examples.modality
    labeled = bool((examples.labels != UNLABELED).any())
    roles = Roles(
        inputs="images" if kind is Modality.IMAGE else None,
        id=_ID,
        label=_LABEL if labeled else NO_COLUMN,
        text="text" if kind is Modality.TEXT else None,
        split=_SPLIT,
        group=_GROUP if examples.groups is not None else NO_COLUMN,
        features=tuple(map(str, examples.inputs.columns)) if _has_columns(examples) else (),
    )
    return {
        "source": str(place / f"{name}.{'npz' if kind is Modality.IMAGE else 'parquet'}"),
        "modality": kind.value,
        "roles": roles,
        "class_map": str(place / _CLASSES) if labeled else None,
    }


def _has_columns(examples: ExampleTable) -> bool:
    return isinstance(examples.inputs, pd.DataFrame)


def _facts(examples: ExampleTable) -> dict[str, np.ndarray]:
    """Id, label, split and group of each row, as texts."""
    names = np.array([*examples.class_names, ""], dtype=object)
    facts = {_ID: examples.ids, _LABEL: names[examples.labels], _SPLIT: examples.splits}
    groups = {} if examples.groups is None else {_GROUP: examples.groups}
    return {name: np.asarray(values).astype(str) for name, values in {**facts, **groups}.items()}


def _write_images(examples: ExampleTable, path: Path) -> None:
    shapes = {np.shape(examples.inputs[row]) for row in range(len(examples))}
    if len(shapes) > 1:
        raise DataError(
            f"The images have {len(shapes):,} different sizes and are not copied into a run.",
            "Say where they lie: save(folder, source=...).",
        )
    images = np.stack([np.asarray(examples.inputs[row]) for row in range(len(examples))])
    arrays: dict[str, Any] = {"images": images, **_facts(examples)}
    write_with(path, lambda file: np.savez(file, **arrays))


def _write_texts(examples: ExampleTable, path: Path) -> None:
    _write_frame(pd.DataFrame({"text": examples.inputs}), examples, path)


def _write_columns(examples: ExampleTable, path: Path) -> None:
    """A table's columns; numbers alone are called as `examples_from` has them, by their place."""
    inputs = examples.inputs if _has_columns(examples) else pd.DataFrame(np.asarray(examples.inputs))
    _write_frame(inputs.rename(columns=str), examples, path)


def _write_frame(frame: pd.DataFrame, examples: ExampleTable, path: Path) -> None:
    write_with(path, lambda file: frame.assign(**_facts(examples)).to_parquet(file, index=False))


_WRITERS: dict[Modality, Callable[[ExampleTable, Path], None]] = {
    Modality.IMAGE: _write_images,
    Modality.TEXT: _write_texts,
    Modality.TABLE: _write_columns,
}


def _same(read: ExampleTable, scored: ExampleTable, source: str) -> ExampleTable:
    """What was read, where it is what was scored: the same rows with the same labels, in the same order."""
    for what, ours, theirs in (
        ("ids", scored.ids, read.ids),
        ("labels", scored.labels, read.labels),
        ("class names", np.array(scored.class_names), np.array(read.class_names)),
        ("splits", scored.splits, read.splits),
    ):
        if not np.array_equal(ours, theirs):
            raise DataError(
                f"{Path(source).name} is not what was scored: its {what} differ.",
                "Score it with load_examples(source), or leave source out: the inputs are then kept in the run.",
            )
    return read
