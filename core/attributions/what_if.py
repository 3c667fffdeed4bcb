"""What would the model say if a word were not there, a patch hidden, a cell different? Nothing of it is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from core.models.encoding import subset
from core.types.attributions import Edit, Judgement, WhatIf
from core.types.errors import CurationError
from core.types.examples import UNLABELED, ExampleTable
from core.types.figures import cell

from .encoded import reads_words
from .parts import ImageParts

WARNING = (
    "A what-if: it changes no data and is not kept. It asks the model, it does not tell what is true: in a "
    "study of 18 people and about 1,400 decisions, editing explanations made nobody decide better than looking "
    "at them."
)
_NOTHING = "_left_out_"  # stands where a word was, so that its neighbors make no new word pair


def edited(
    encoder: Any, examples: ExampleTable, row: int, edit: Edit, ordinary: Callable[[], ExampleTable]
) -> ExampleTable:
    """Two rows: the example as it is, and as edited, both before encoding.

    Words are left out and the rest encoded anew; blocks are filled from the mean of `ordinary` images; cells are set.
    Raises `CurationError` for what is not there.
    """
    as_is = subset(examples, np.array([row, row]))
    change = {"text": _words, "tokens": _words, "image": _pixels, "table": _cells}.get(encoder.kind)
    if change is None:
        raise CurationError(
            "These examples are plain vectors: there is nothing to name and edit.",
            "What-ifs are for images, texts and tables with named columns.",
        )
    return change(encoder, as_is, edit, ordinary)


def _with(examples: ExampleTable, inputs: Any) -> ExampleTable:
    from dataclasses import replace

    return replace(examples, inputs=inputs)


def _nothing(encoder: Any) -> str:
    """What stands where a word was: no term of the vocabulary; a tokenizer knows no word pairs, so nothing at all."""
    nothing = _NOTHING
    if not hasattr(encoder, "vocabulary"):
        return ""
    while nothing in encoder.vocabulary:
        nothing += "_"
    return nothing


def _words(encoder: Any, two: ExampleTable, edit: Edit, _: object) -> ExampleTable:
    text = str(two.inputs[0])
    tokens = encoder.tokens(text)
    _check_places(edit.without, len(tokens), "word")
    nothing = _nothing(encoder)
    pieces, end = [], 0
    for number, token in enumerate(tokens):
        pieces += [text[end : token.start], f" {nothing} " if number in edit.without else token.text]
        end = token.end
    return _with(two, np.array([text, "".join([*pieces, text[end:]])], dtype=object))


def _pixels(encoder: Any, two: ExampleTable, edit: Edit, ordinary: Callable[[], ExampleTable]) -> ExampleTable:
    blocks = ImageParts(encoder.height, encoder.width, len(encoder.mean)).blocks
    _check_places(edit.covered, int(blocks.max()) + 1, "block")
    images = np.array(encoder.pixels(two.inputs, np.arange(2)))
    hidden = np.isin(blocks, edit.covered)
    if hidden.any():
        others = ordinary()
        mean = encoder.pixels(others.inputs, np.arange(len(others))).mean(axis=0)
        images[1, hidden] = np.rint(mean[hidden]).astype(np.uint8)
    return _with(two, images)


def _cells(_: Any, two: ExampleTable, edit: Edit, __: object) -> ExampleTable:
    frame = two.inputs.copy()
    for name, value in edit.cells.items():
        if name not in frame.columns:
            raise CurationError(f"There is no column {name!r}.", f"Columns: {', '.join(map(str, frame.columns))}.")
        numbers = isinstance(frame[name].dtype, np.dtype) and np.issubdtype(frame[name].dtype, np.number)
        frame.iloc[1, frame.columns.get_loc(name)] = _number(name, value) if numbers else value
    return _with(two, frame)


def _number(name: str, value: Any) -> float:
    if value is None or value == "":
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        raise CurationError(f"{name} holds numbers, not {value!r}.", "Give a number, or nothing for missing.") from None


def _check_places(chosen: Sequence[int], count: int, what: str) -> None:
    beyond = [number for number in chosen if not 0 <= number < count]
    if beyond:
        raise CurationError(f"There is no {what} {beyond[0]}; this example has {count}.", "They count from 0.")


def judge(probabilities: np.ndarray, label: int, names: Sequence[str]) -> tuple[Judgement, Judgement]:
    """What probabilities [2, C] say, before and after."""
    before, after = (_judged(row, label, names) for row in probabilities)
    return before, after


def _judged(row: np.ndarray, label: int, names: Sequence[str]) -> Judgement:
    top = int(row.argmax())
    if label == UNLABELED:
        return Judgement(names[top], float(row[top]), probabilities=tuple(row.tolist()))
    off = row.copy()
    off[label] -= 1
    loss = -math.log(max(float(row[label]), 1e-300))
    return Judgement(
        names[top], float(row[top]), float(row[label]), float(np.sqrt((off**2).sum())), loss, tuple(row.tolist())
    )


def words_of(encoder: Any, examples: ExampleTable, row: int, edit: Edit) -> str:
    """The edit in words; empty for none."""
    said = []
    if edit.without and reads_words(encoder):
        tokens = encoder.tokens(str(examples.inputs[row]))
        said.append("without " + ", ".join(f"“{tokens[i].text}”" for i in sorted(set(edit.without))))
    if edit.covered and encoder.kind == "image":
        count = len(set(edit.covered))
        said.append(f"{count} {'block' if count == 1 else 'blocks'} of the image covered with the mean image")
    if edit.cells and encoder.kind == "table":
        was: Mapping[str, Any] = examples.inputs.iloc[row]
        said += [f"{name} {_cell(was[name])} → {_cell(value)}" for name, value in edit.cells.items()]
    return "; ".join(said)


def _cell(value: Any) -> str:
    return "missing" if value == "" else cell(value, "missing")


def written(before: Judgement, after: Judgement, changed: str, model: str, label: int, names: Sequence[str]) -> WhatIf:
    """The answer with its warning."""
    return WhatIf(before, after, changed, model, "" if label == UNLABELED else names[label], WARNING)
