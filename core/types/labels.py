"""Class labels handed over in memory: whole numbers or texts, and never silently anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64, Shaped

from .errors import DataError
from .examples import UNLABELED

_ONE_EACH = "Give one label per example: [N]."


def class_labels(labels: Any) -> Shaped[np.ndarray, " example"]:
    """Class numbers (int64), or objects when they are texts (str, None where there is none).

    Floats must be whole (2.0 is 2); NaN and None are unlabeled. `DataError` names the first label that is no class.
    """
    values = _flat(labels)
    if values.dtype.kind == "S":
        values = _decoded(values)
    if values.dtype.kind == "O":
        values = _of_objects(values)
    if values.dtype.kind in "UT" or values.dtype.kind == "O":
        return np.array([str(one) if one is not None and str(one) else None for one in values.tolist()], dtype=object)
    if values.dtype.kind in "iub":
        return values.astype(np.int64)
    if values.dtype.kind != "f":
        raise DataError(f"Labels of the type {values.dtype} are not classes.", "Give whole numbers 0 to C-1, or names.")
    return _whole(values)


def class_numbers(labels: Any, class_names: Sequence[str] = ()) -> Int64[np.ndarray, " example"]:
    """Classes as a model's outputs count them; everything else is as in `class_labels`.

    class_names: one name per output, in their order; without them, or for a text that is none of them, `DataError`.
    """
    classes = class_labels(labels)
    if classes.dtype.kind != "O":
        return classes
    present = {text for text in classes if text is not None}
    if present and not class_names:
        raise text_labels(min(present))
    unknown = sorted(present - set(class_names))
    if unknown:
        raise DataError(f"The label {unknown[0]!r} is not among the class names.", f"Known: {', '.join(class_names)}.")
    number: dict[str | None, int] = {name: code for code, name in enumerate(class_names)}
    return np.array([number.get(text, UNLABELED) for text in classes], dtype=np.int64)


def text_labels(example: str, outputs: int | None = None) -> DataError:
    """The refusal of names where nothing says which output is which class."""
    count = "the outputs" if outputs is None else f"{outputs} outputs"
    return DataError(
        f"Labels are texts ({example!r}): which of {count} is which class?",
        "Give class_names= with one name per output, in their order, or labels as the outputs count them: 0 to C-1.",
    )


def _flat(labels: Any) -> Shaped[np.ndarray, " example"]:
    mixed = isinstance(labels, (list, tuple)) and any(isinstance(one, str) for one in labels)
    try:  # numpy would write the numbers of a mixed list as texts
        if hasattr(labels, "detach"):
            values = labels.detach().cpu().numpy()
        else:
            values = np.asarray(labels, dtype=object if mixed else None)
    except (ValueError, TypeError) as error:
        raise DataError(f"The labels are no array: {str(error).splitlines()[0]}.", _ONE_EACH) from None
    if values.ndim != 1:
        raise DataError(f"The labels have the shape {values.shape}.", _ONE_EACH)
    return values


def _decoded(values: Shaped[np.ndarray, " example"]) -> Shaped[np.ndarray, " example"]:
    """Bytes, as HDF5 and older NPZ files hold names, as the texts they stand for."""
    try:
        return np.char.decode(values, "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"The labels are bytes that are not UTF-8: {error.object!r}.", "Decode them first.") from None


def _of_objects(values: Shaped[np.ndarray, " example"]) -> Shaped[np.ndarray, " example"]:
    """Objects as floats when all are numbers, as they are when all are texts; None, NaN and NA are neither."""
    missing = np.array([one is None or bool(one != one) if _comparable(one) else True for one in values])
    kinds = {isinstance(one, str) for one in values[~missing]}
    if kinds == {True, False}:
        raise DataError("Labels mix texts and numbers.", "Give all as names, or all as numbers 0 to C-1.")
    if kinds == {False}:
        return _as_floats(values, missing)
    texts = values.copy()
    texts[missing] = None
    return texts


def _comparable(one: Any) -> bool:
    try:
        return isinstance(bool(one != one), bool)
    except (TypeError, ValueError):  # pandas' NA does not know
        return False


def _as_floats(
    values: Shaped[np.ndarray, " example"], missing: Bool[np.ndarray, " example"]
) -> Float64[np.ndarray, " example"]:
    out = np.full(len(values), np.nan)
    for row in np.flatnonzero(~missing):
        try:
            out[row] = float(values[row])
        except (TypeError, ValueError):
            raise DataError(
                f"Label {values[row]!r} in row {row} is not a class.", "Give whole numbers 0 to C-1, or names."
            ) from None
    return out


def _whole(values: Float[np.ndarray, " example"]) -> Int64[np.ndarray, " example"]:
    known = ~np.isnan(values)
    odd = np.flatnonzero(known & ((values != np.rint(values)) | (np.abs(values) > 2**31)))
    if len(odd):
        raise DataError(
            f"Label {values[odd[0]]:g} in row {odd[0]} is not a class.",
            "A class is a whole number or a text; put real numbers into bins (values to predict are no classes).",
        )
    return np.where(known, values, UNLABELED).astype(np.int64)
