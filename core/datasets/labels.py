"""Given labels as class numbers: integers stay in number order, text in alphabetical order."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import UNLABELED

from .files import MEGABYTE, listed, read_bytes, shortened
from .target_kinds import MOST_NUMBERS

MISSING = ("",)
_INTEGER = re.compile(r"-?(0|[1-9]\d*)(\.0*)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ZERO_FIRST = re.compile(r"-?0\d")
_LONGEST_NUMBER = 300  # digits: Python itself refuses to read very long ones
MAX_CLASSES = 10_000  # beyond it a column is rather an id or a text, and [N, C] tables outgrow memory


@dataclass(frozen=True, eq=False)
class Labels:
    """codes: int64 [N], 0..C-1 or UNLABELED. class_names: C names, some perhaps without an example."""

    codes: np.ndarray
    class_names: tuple[str, ...]


def encode_labels(
    texts: pd.Series,
    *,
    source: str,
    known: Sequence[str] = (),
    mapped: bool = False,
    missing: tuple[str, ...] = MISSING,
    outputs: int | None = None,
) -> Labels:
    """Labels as numbers.

    known: the class names in order, when the source or a class map tells them; integer labels then index them.
    mapped: `known` came from a class map, so a label outside it is refused.
    outputs: how many outputs the model behind a trace has; class k is then output k. Raises `DataError` for labels such
    as 1.5, for text labels whose outputs nobody told, and for labels beyond the outputs.
    """
    codes, uniques = pd.factorize(texts.astype(object), sort=False)
    values = [str(u) for u in uniques]
    present = [value for value in values if not _is_blank(value, missing)]
    if len(present) > MAX_CLASSES:
        raise DataError(
            f"{source}: {len(present):,} different labels, above the limit of {MAX_CLASSES:,} classes.",
            "Choose the column that holds a class.",
        )
    numbers = _as_integers(present, texts, source)
    if outputs is not None:
        known = _output_names(present, numbers, known, outputs, source)
    names, position = _classes(present, numbers, known, mapped, source)
    code_of_value = [UNLABELED if _is_blank(v, missing) else position.get(v, UNLABELED) for v in values]
    return Labels(np.array(code_of_value or [UNLABELED], dtype=np.int64)[codes], names)


def _is_blank(value: str, missing: tuple[str, ...]) -> bool:
    return value in missing or not value.strip() or value.lower() == "nan"


def _as_integers(present: list[str], texts: pd.Series, source: str) -> dict[str, int] | None:
    """value -> int when every label is a whole number (1.0 is 1); None for text; fractions are refused."""
    are_numbers = [_NUMBER.fullmatch(value) is not None for value in present]
    for value, is_number in zip(present, are_numbers, strict=True):
        if is_number and len(value) > _LONGEST_NUMBER:
            raise DataError(
                f"{source}: the label {value[:20]}... in row {_row_of(value, texts)} is a number of "
                f"{len(value):,} digits.",
                "A class is text or a whole number; choose another column.",
            )
    fraction = next((value for value in present if not _INTEGER.fullmatch(value)), None)
    if fraction is None:
        return {value: int(value.split(".")[0]) for value in present}
    if all(are_numbers) and not any(_ZERO_FIRST.match(value) for value in present):  # 007 is a code, so text
        raise _no_class(fraction, present, texts, source)
    return None


def _no_class(fraction: str, present: list[str], texts: pd.Series, source: str) -> DataError:
    """What a column of numbers that are not whole is: a target of regression where there are many, else a slip."""
    row = _row_of(fraction, texts)
    if len(present) > MOST_NUMBERS:
        return DataError(
            f"{source}: {len(present):,} different numbers such as {fraction} in row {row}: a numeric target, and "
            "regression is not served.",
            "Scores ask about classes: put the numbers into bins, or choose another label column.",
        )
    return DataError(
        f"{source}: label {fraction} in row {row} is not a class.",
        "A class is text or a whole number; choose another column, or put the numbers into bins.",
    )


def _row_of(value: str, texts: pd.Series) -> int:
    return int(np.flatnonzero((texts == value).to_numpy())[0])


def _classes(
    present: list[str], numbers: dict[str, int] | None, known: Sequence[str], mapped: bool, source: str
) -> tuple[tuple[str, ...], dict[str, int]]:
    if known:
        return tuple(known), _positions_in(present, numbers, known, mapped, source)
    if numbers is None:
        names = tuple(sorted(present))
        return names, {v: i for i, v in enumerate(names)}
    values = set(numbers.values())
    if -1 in values and not values <= {-1, 1}:  # the usual mark for "no label", unless the classes are -1 and 1
        values.discard(-1)
    low, high = min(values, default=0), max(values, default=-1)
    # A gap is an empty class (it keeps class numbers and model outputs aligned), unless numbers are just codes.
    filled = list(range(low, high + 1)) if high - low + 1 <= 2 * len(values) + 10 and low in (0, 1) else sorted(values)
    place = {v: i for i, v in enumerate(filled)}
    return tuple(str(v) for v in filled), {v: place.get(n, UNLABELED) for v, n in numbers.items()}


def _output_names(
    present: list[str], numbers: dict[str, int] | None, known: Sequence[str], outputs: int, source: str
) -> tuple[str, ...]:
    """One name for each output of the model, so that label k means output k."""
    if known and len(known) != outputs:
        raise DataError(f"{source}: {len(known)} class names, model has {outputs} outputs.", "Name each output once.")
    if numbers is None and not known and present:
        raise DataError(
            f"{source}: text labels need a class map: which of the {outputs} outputs is which class?",
            "Name a JSON file that lists the names in the order of the outputs: --class-map, or on the page Data the "
            'field "Class names file".',
        )
    highest = max(numbers.values(), default=UNLABELED) if numbers else UNLABELED
    if highest >= outputs and not set(present) <= set(known):
        raise DataError(
            f"{source}: label {highest}, model has {outputs} outputs.",
            "Labels count from 0; check that labels and outputs belong together.",
        )
    return tuple(known) or tuple(str(i) for i in range(outputs))


def _positions_in(
    present: list[str], numbers: dict[str, int] | None, known: Sequence[str], mapped: bool, source: str
) -> dict[str, int]:
    """label -> its place in `known`: by name where each has one, else the numbers that they are."""
    place = {name: i for i, name in enumerate(known)}
    stranger = next((value for value in present if value not in place), None)
    if stranger is None:
        return {value: place[value] for value in present}
    if numbers is None:
        where = "the class map" if mapped else "the class names"
        raise DataError(
            f'{source}: the label "{shortened(stranger)}" is not in {where}: {listed(known)}.', f"Add it to {where}."
        )
    beyond = next((n for n in numbers.values() if not UNLABELED <= n < len(known)), None)
    if beyond is not None:
        raise DataError(
            f"{source}: label {beyond}, but there are {len(known)} class names.",
            "Integer labels count from 0; complete the class names.",
        )
    return dict(numbers)


def read_class_map(path: Path | None) -> tuple[str, ...]:
    """Class names in the order of a model's outputs, from JSON (list, or name -> number) or one a line.

    Raises `DataError` for what is not JSON, does not number its classes 0 to C-1, is empty or names a class twice.
    """
    if path is None:
        return ()
    text = read_bytes(path, 16 * MEGABYTE).decode("utf-8", errors="replace")
    if path.suffix.lower() != ".json":
        return _unique(tuple(line.strip() for line in text.splitlines() if line.strip()), path)
    try:
        plain = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise DataError(
            f"The class map {path.name} is not JSON.", 'Write ["cat", "dog"] or {"cat": 0, "dog": 1}.'
        ) from None
    if isinstance(plain, list):
        return _unique(tuple(str(v) for v in plain), path)
    if not isinstance(plain, dict) or sorted(plain.values(), key=str) != sorted(range(len(plain)), key=str):
        raise DataError(
            f"The class map {path.name} does not number its classes 0 to C-1.",
            'Write ["cat", "dog"] or {"cat": 0, "dog": 1}.',
        )
    return tuple(sorted(plain, key=lambda name: plain[name]))


def _unique(names: tuple[str, ...], path: Path) -> tuple[str, ...]:
    if len(set(names)) != len(names) or not names:
        raise DataError(
            f"The class map {path.name} {'is empty' if not names else 'names a class twice'}.",
            "List each class once, in the order of the model's outputs.",
        )
    return names
