"""Which row of a file is which example: by id, by the name of an image's file, or in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import ExampleTable


def order_of(
    ids: np.ndarray | None, rows: int, name: str, table_ids: np.ndarray, paths: np.ndarray | None, gaps: bool = False
) -> tuple[np.ndarray | None, str]:
    """For each example its row in the file (-1: none, only with `gaps`), None for "as it stands"; and how, in words.

    paths: the examples' files, which ids may name instead. Raises `DataError` for another number of rows, and for ids
    that are unknown, twice there or missing.
    """
    if ids is None:
        if rows != len(table_ids):
            raise DataError(
                f"{name} has {rows:,} rows, the data have {len(table_ids):,} examples.",
                "Give one row for each example in the same order, or a column of ids.",
            )
        return None, "by row: it has no ids, and as many rows as there are examples"
    texts = pd.Index(np.asarray(ids, dtype=object).astype(str))
    _refuse_twice(texts, name)
    known, how = _named_by(texts, table_ids, paths)
    place = texts.get_indexer(known)
    _refuse_unknown(texts, known, name)
    absent = np.flatnonzero(place < 0)
    if len(absent) and not gaps:
        raise DataError(
            f'{name} has no row for the example "{known[absent[0]]}" ({len(absent):,} such examples).',
            "Give a row for each example.",
        )
    return (None if np.array_equal(place, np.arange(rows)) else place), how


def _named_by(texts: pd.Index, ids: np.ndarray, paths: np.ndarray | None) -> tuple[pd.Index, str]:
    """What the file calls the examples: their ids, or where none of those is there, the names of their files."""
    known = pd.Index(ids.astype(object))
    if paths is not None and not known.isin(texts).any():
        files = pd.Index(np.asarray(paths, dtype=object))
        if files.isin(texts).any() and files.is_unique:
            return files, "by the names of the image files"
    return known, "by id"


def _refuse_twice(texts: pd.Index, name: str) -> None:
    if not texts.is_unique:
        twice = texts[texts.duplicated()]
        raise DataError(f'{name} has {len(twice):,} duplicate ids, first: "{twice[0]}".', "Name each example once.")


def _refuse_unknown(texts: pd.Index, known: pd.Index, name: str) -> None:
    strangers = texts[~texts.isin(known)]
    if len(strangers):
        raise DataError(
            f'{name}: {len(strangers):,} of {len(texts):,} ids are not among the examples, first: "{strangers[0]}" '
            f'(an example is called "{known[0]}").',
            "Name the id column of the data with --id; without ids in the file its rows are taken in order.",
        )


def in_order(values: np.ndarray, order: Sequence[int] | np.ndarray | None) -> np.ndarray:
    """[..., N, d] with the rows of the examples; the very same array where it already stands so."""
    return values if order is None else np.take(values, np.asarray(order), axis=-2)


def refuse_skipped(examples: ExampleTable, name: str) -> None:
    """Raise `DataError` where some rows of the source are no examples: rows of a file cannot be counted then."""
    if not np.array_equal(examples.source_index, np.arange(len(examples))):
        raise DataError(
            f"{name} has no ids, and {examples.name} has rows that could not be read: which row is which is not known.",
            "Give the file a column of ids; for images the names of their files will do.",
        )
