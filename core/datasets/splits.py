"""The many words for train, valid and test."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import Split

_WORDS = {
    Split.TRAIN: ("train", "training", "tr", "fit"),
    Split.VALID: ("valid", "val", "validation", "dev", "development", "held_out", "holdout", "hold_out"),
    Split.TEST: ("test", "testing", "tst", "eval", "evaluation"),
}
_SPLITS = {word: str(split.value) for split, words in _WORDS.items() for word in words}


def split_of(word: str) -> str | None:
    """train, valid or test for one of their usual spellings; None for any other word."""
    return _SPLITS.get(word.strip().lower().replace("-", "_").replace(" ", "_"))


def encode_splits(texts: pd.Series, column: str) -> np.ndarray:
    """[N] of train, valid, test; a blank cell is train. Raises `DataError` naming the first unknown word."""
    codes, uniques = pd.factorize(texts.astype(object))
    words = [split_of(str(u)) if str(u).strip() else str(Split.TRAIN.value) for u in uniques]
    if None in words:
        bad = words.index(None)
        row = int(np.flatnonzero(codes == bad)[0])
        raise DataError(
            f'The split column "{column}" holds "{uniques[bad]}" in row {row}.',
            "Use train, valid (or val, validation, dev, held_out) and test.",
        )
    return np.array([str(w) for w in words] or ["train"], dtype="<U5")[codes]
