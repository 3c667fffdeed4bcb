"""A table of examples from arrays in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.datasets.identity import content_ids, digest_array, digest_rows, digest_texts, fingerprint, first_occurrence
from core.datasets.labels import MAX_CLASSES
from core.types.errors import DataError
from core.types.examples import UNLABELED, ExampleTable, Finding, Modality, Split
from core.types.labels import class_labels, class_numbers, text_labels

BY_ALPHABET = "classes_by_alphabet"  # code of the finding


def examples_from(
    inputs: Any = None,
    labels: Any = None,
    *,
    ids: Sequence[str] | None = None,
    held_out: Any = None,
    class_names: Sequence[str] | None = None,
    name: str = "arrays",
) -> ExampleTable:
    """N examples from arrays.

    inputs: uint8 [N, H, W] or [N, H, W, C] images, N texts, a DataFrame or float [N, d] of columns, or None for
    recorded outputs alone. labels: [N] whole numbers 0..C-1 (-1 or NaN = unlabeled), or names; None = unlabeled.
    ids: [N] unique texts; by default a hash of the content, or the row number without inputs. held_out: bool [N], rows
    that are targets and never candidates. class_names: C names in the order of a model's outputs, for classes that
    `labels` may not show. Raises `DataError`.
    """
    count = _count(inputs, labels)
    kind, rows = _inputs(inputs)
    codes, names = _labels(labels, class_names, count)
    digests = _digests(kind, rows, count)
    splits = np.full(count, Split.TRAIN.value, dtype="<U5")
    if held_out is not None:
        splits[_as_mask(held_out, count)] = Split.VALID.value
    own = _ids(ids, kind, digests)
    return ExampleTable(
        name=name,
        modality=kind,
        ids=own,
        inputs=rows,
        labels=codes,
        class_names=names,
        splits=splits,
        groups=None,
        source_index=np.arange(count, dtype=np.int64),
        source_path=None,
        columns=pd.DataFrame(index=range(count)),
        fingerprint=fingerprint(own, digests, codes, names, splits, None),
        report=_order_of_names(labels, class_names, names),
        exact_duplicate_of=first_occurrence(digests),
    )


def _count(inputs: Any, labels: Any) -> int:
    counts = {what: len(x) for what, x in (("inputs", inputs), ("labels", labels)) if x is not None}
    if not counts or not min(counts.values()):
        raise DataError("There are no examples: neither inputs nor labels have a row.", "Give arrays with N rows.")
    if len(set(counts.values())) > 1:
        raise DataError(
            f"There are {counts['inputs']:,} inputs and {counts['labels']:,} labels.", "Give one label per input."
        )
    return next(iter(counts.values()))


def _inputs(inputs: Any) -> tuple[Modality, Any]:
    """What the inputs are, and the form in which an ExampleTable keeps them."""
    if inputs is None:
        return Modality.TRACE, None
    if isinstance(inputs, pd.DataFrame):
        return Modality.TABLE, inputs.reset_index(drop=True)
    values = np.asarray(inputs)
    if values.dtype.kind in "OUT" and all(isinstance(one, str) for one in values):
        return Modality.TEXT, values.astype(object)
    if values.dtype == np.uint8 and values.ndim in (3, 4):
        return Modality.IMAGE, values if values.ndim == 4 else values[..., None]
    if values.dtype.kind in "fiub" and values.ndim == 2:
        return Modality.TABLE, values.astype(np.float32)
    raise DataError(
        f"Inputs of type {values.dtype} and shape {values.shape} are neither images, texts nor a table.",
        "Give uint8 [N, H, W, C], N texts, a DataFrame or numbers [N, d]; "
        "for what only your network reads, give the network too.",
    )


def _labels(labels: Any, class_names: Sequence[str] | None, count: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """int64 [N] classes, and the name of each class."""
    outputs = _distinct(class_names)
    if labels is None:
        return np.full(count, UNLABELED, dtype=np.int64), outputs
    codes = class_labels(labels)
    if codes.dtype.kind == "O":
        names = outputs or tuple(sorted({text for text in codes if text is not None}))
        return class_numbers(codes, names), names
    classes = len(outputs) or int(codes.max(initial=-1)) + 1
    _check_codes(codes, classes)
    return codes, outputs or tuple(str(c) for c in range(classes))


def _distinct(class_names: Sequence[str] | None) -> tuple[str, ...]:
    names = tuple(map(str, class_names or ()))
    if len(set(names)) != len(names):
        raise DataError("class_names names a class twice.", "Name each class once, in the order of the outputs.")
    return names


def _check_codes(codes: np.ndarray, classes: int) -> None:
    if codes.min(initial=0) < UNLABELED or codes.max(initial=-1) >= classes or classes > MAX_CLASSES:
        raise DataError(
            f"Labels run from {codes.min()} to {codes.max()}, and there are {min(classes, MAX_CLASSES):,} classes"
            f"{' at most' if classes > MAX_CLASSES else ''}.",
            "Give 0 to C-1, and -1 for unlabeled rows.",
        )


def _order_of_names(labels: Any, class_names: Sequence[str] | None, names: tuple[str, ...]) -> tuple[Finding, ...]:
    """A line where texts were numbered by the alphabet: no network of the person's own counts them so on purpose."""
    if labels is None or class_names or class_labels(labels).dtype.kind != "O":
        return ()
    return (Finding(BY_ALPHABET, len(names), f"classes are numbered by the alphabet: {', '.join(names[:20])}"),)


def output_names(labels: Any, outputs: int, class_names: Sequence[str] | None) -> tuple[str, ...]:
    """One name for each of a model's `outputs`; `DataError` for text labels without class_names in their order."""
    if class_names is not None:
        if len(class_names) != outputs:
            raise DataError(
                f"There are {len(class_names)} class names, and the model has {outputs} outputs.",
                "Name each output once, in their order.",
            )
        return tuple(map(str, class_names))
    texts = class_labels(labels)
    if texts.dtype.kind == "O":
        raise text_labels(next((text for text in texts if text is not None), ""), outputs)
    return tuple(str(c) for c in range(outputs))


def _digests(kind: Modality, inputs: Any, count: int) -> np.ndarray:
    if kind is Modality.TRACE:
        return digest_texts(f"row {row}" for row in range(count))
    if kind is Modality.TEXT:
        return digest_texts(inputs)
    return digest_rows(inputs.astype(str)) if isinstance(inputs, pd.DataFrame) else digest_array(inputs)


def _ids(ids: Sequence[str] | None, kind: Modality, digests: np.ndarray) -> np.ndarray:
    if ids is None:
        return np.arange(len(digests)).astype(str) if kind is Modality.TRACE else content_ids(digests)
    own = np.asarray(ids).astype(str)
    if len(own) != len(digests) or len(set(own)) != len(own):
        raise DataError(
            f"There are {len(own):,} ids, {len(set(own)):,} of them different, for {len(digests):,} examples.",
            "Give one unique id per example.",
        )
    return own


def _as_mask(held_out: Any, count: int) -> np.ndarray:
    mask = np.asarray(held_out)
    if mask.shape != (count,) or mask.dtype != bool:
        raise DataError(
            f"held_out has the type {mask.dtype} and shape {mask.shape}.",
            f"Give one True or False for each of the {count:,} rows.",
        )
    return mask
