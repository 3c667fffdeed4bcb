"""Names of rows that survive every export, and the fingerprint of a whole dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd

from core.types.errors import DataError

ID_DIGITS = 16  # 64 bits: two of a million different rows meet about once in 40 million datasets
_BLOCK_CELLS = 1_000_000  # turned into text at a time: below 100 MB of Python objects, unless the cells are long


def digest_texts(texts: Iterable[str]) -> np.ndarray:
    """sha256 of each text, hexadecimal, object [N]."""
    sha = hashlib.sha256
    return np.array([sha(t.encode("utf-8", "surrogatepass")).hexdigest() for t in texts], dtype=object)


def digest_rows(columns: pd.DataFrame) -> np.ndarray:
    """sha256 of each row's cells with their column names, object [N]; the order of columns does not matter."""
    names = sorted(columns.columns)
    # \x1f and \x1e (unit and record separators) keep ("ab", "c") apart from ("a", "bc").
    head = "\x1f".join(names) + "\x1e"
    step = max(1, _BLOCK_CELLS // max(len(names), 1))  # rows at a time: as text cells take many times their room
    blocks = (columns.iloc[start : start + step] for start in range(0, len(columns), step))
    rows = (row for block in blocks for row in block[names].to_numpy(dtype=object).tolist())
    return digest_texts(head + "\x1f".join(map(str, row)) for row in rows)


def digest_array(array: np.ndarray) -> np.ndarray:
    """sha256 of the bytes of each array[i], with shape and type, object [N]."""
    sha, head = hashlib.sha256, f"{array.dtype.str}{array.shape[1:]}".encode()
    return np.array([sha(head + np.ascontiguousarray(row).tobytes()).hexdigest() for row in array], dtype=object)


def content_ids(digests: np.ndarray) -> np.ndarray:
    """[N] str: the start of each content hash, and -2, -3, ... for its repetitions."""
    starts = pd.Series([d[:ID_DIGITS] for d in digests], dtype=object)
    occurrence = starts.groupby(starts, sort=False).cumcount().to_numpy()
    return np.array([s if n == 0 else f"{s}-{n + 1}" for s, n in zip(starts, occurrence, strict=True)], dtype=str)


def given_ids(texts: pd.Series, column: str) -> np.ndarray:
    """[N] str: a person's own ids, exactly as written. Raises `DataError` for blank or repeated ones."""
    ids = texts.astype(object).to_numpy()
    blank = np.flatnonzero([not str(v).strip() for v in ids])
    if len(blank):
        raise DataError(
            f'The id column "{column}" is blank in row {blank[0]} ({len(blank)} in all).',
            "Fill it, or choose no id column: ids are then made from the content.",
        )
    repeated = pd.Series(ids).duplicated().to_numpy()
    if repeated.any():
        first = ids[int(np.flatnonzero(repeated)[0])]
        raise DataError(
            f'The id column "{column}" has {int(repeated.sum())} duplicate ids, first: "{first}".',
            "Make them unique, or choose no id column: ids are then made from the content.",
        )
    return ids.astype(str)


def first_occurrence(digests: np.ndarray) -> np.ndarray:
    """int64 [N]: the first row with the same content, the row itself if it is the first."""
    codes, _ = pd.factorize(digests)
    _, first = np.unique(codes, return_index=True)
    return first[codes].astype(np.int64)


def fingerprint(
    ids: np.ndarray,
    digests: np.ndarray,
    labels: np.ndarray,
    class_names: tuple[str, ...],
    splits: np.ndarray,
    groups: np.ndarray | None,
) -> str:
    """sha256 over what a run's numbers depend on: ids, contents, labels, splits and groups, in row order."""
    total = hashlib.sha256()
    for part in (ids, digests, class_names, splits, () if groups is None else groups):
        total.update(f"{len(part)}\x1e".encode())
        total.update("\x1f".join(map(str, part)).encode("utf-8", "surrogatepass"))
    total.update(np.ascontiguousarray(labels, dtype="<i8").tobytes())
    return total.hexdigest()
