"""Rows of a table as a model that was trained elsewhere wants them: its columns, in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.types.errors import ModelError
from core.types.examples import ExampleTable


def columns_for(examples: ExampleTable, names: Sequence[str], count: int, model: str) -> Any:
    """DataFrame [N, count] in the model's order; words stay words. Raises `ModelError` for columns that are missing."""
    inputs = _table(examples, model)
    there = {_plain(str(name).strip()): name for name in inputs.columns}
    missing = [name for name in names if _plain(name) not in there]
    if names and not missing:
        return inputs[[there[_plain(name)] for name in names]]
    if names and not _numbered(names):
        raise ModelError(
            f"{model} reads {len(names)} columns; the data lack {', '.join(missing[:5])}.",
            "Score data with the columns that it was trained on, encoded as they were then.",
        )
    if inputs.shape[1] != count:
        raise ModelError(
            f"{model} reads {count} columns, the data have {inputs.shape[1]}.", "Name them: --features A,B."
        )
    return inputs


def _table(examples: ExampleTable, model: str) -> Any:
    import pandas as pd

    inputs = examples.inputs
    if isinstance(inputs, np.ndarray):
        flat = inputs.reshape(len(inputs), -1)
        inputs = pd.DataFrame(flat, columns=[f"f{n}" for n in range(flat.shape[1])])
    if not hasattr(inputs, "columns"):
        raise ModelError(f"{model} reads columns, and these data have none.", "Give a table.")
    return inputs


def _plain(name: str) -> str:
    """LightGBM writes a space in a name as an underscore."""
    return name.replace(" ", "_")


def _numbered(names: Sequence[str]) -> bool:
    """f0, f1, … or Column_0, …: the training had no names, and columns are taken in order."""
    return all(name.removeprefix("Column_").removeprefix("f").isdigit() for name in names)


def numbers_of(frame: Any, categories: Mapping[str, Sequence[Any]], model: str) -> np.ndarray:
    """float64 [N, count]; columns in `categories` as their places there, unknown ones as missing.

    Raises `ModelError` for words in a column that was numbers.
    """
    import pandas as pd

    out = np.empty(frame.shape, np.float64)
    for place, name in enumerate(frame.columns):
        column = frame[name]
        if name in categories:
            known = {str(value): code for code, value in enumerate(categories[name])}
            out[:, place] = [known.get(str(value), np.nan) for value in column]
            continue
        numbers = pd.to_numeric(column, errors="coerce")
        if (numbers.isna() & column.notna()).any():
            raise ModelError(
                f"{model} reads numbers in {name!r}, and the data hold words there.",
                "Encode the column in the data as it was in the training, or train with categories.",
            )
        out[:, place] = numbers
    return out


def as_logits(margins: np.ndarray) -> np.ndarray:
    """[N, C] of what boosted trees give: one number for two classes becomes (0, it)."""
    wide = margins.reshape(len(margins), -1)
    return np.column_stack([np.zeros(len(wide)), wide]) if wide.shape[1] == 1 else wide
