"""Texts as flat arrays of feature numbers: what feature density and importance resampling count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer, Real, Shaped

from core.types.progress import Progress

_BLOCK_TEXTS = 1_000  # between which a run can be cancelled
_WORD_OR_MARK = re.compile(r"\w+|[^\w\s]+")  # the word-punctuation split of the published code
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, eq=False)
class FlatFeatures:
    """features: number of every occurrence, text after text; row: [same length] its text; count texts in all."""

    features: Integer[np.ndarray, " occurrence"]
    row: Integer[np.ndarray, " occurrence"]
    count: int

    def per_text(self, weights: Real[np.ndarray, " occurrence"] | None = None) -> Real[np.ndarray, " example"]:
        """[count] sum over each text's occurrences of `weights` (of 1 without)."""
        return np.bincount(self.row, weights=weights, minlength=self.count)


def words(text: str) -> list[str]:
    """The lower-case words of a text, without marks."""
    return _WORD.findall(text.lower())


def words_and_marks(text: str) -> list[str]:
    """The lower-case words and runs of marks of a text."""
    return _WORD_OR_MARK.findall(text.lower())


def n_grams(tokens: list[str], longest: int) -> Iterator[str]:
    """All runs of 1 to `longest` tokens, joined by a space."""
    for n in range(1, longest + 1):
        for start in range(len(tokens) - n + 1):
            yield " ".join(tokens[start : start + n])


def flatten(
    texts: Shaped[np.ndarray, " example"],
    split: Callable[[str], list[str]],
    longest: int,
    number: Callable[[str], int],
    progress: Progress,
    title: str,
) -> FlatFeatures:
    """Every n-gram of every text as `number` gives it; may raise `Cancelled` between blocks of texts."""
    known: dict[str, int] = {}
    starts = range(0, len(texts), _BLOCK_TEXTS)
    progress.stage(title, len(starts))
    numbers, sizes = [], np.zeros(len(texts), dtype=np.int64)
    for start in starts:
        block: list[int] = []
        for row in range(start, min(start + _BLOCK_TEXTS, len(texts))):
            before = len(block)
            for gram in n_grams(split(texts[row]), longest):
                place = known.get(gram)
                if place is None:
                    place = known[gram] = number(gram)
                block.append(place)
            sizes[row] = len(block) - before
        numbers.append(np.array(block, dtype=np.int64))
        progress.advance()
    features = np.concatenate(numbers) if numbers else np.zeros(0, dtype=np.int64)
    return FlatFeatures(features, np.repeat(np.arange(len(texts)), sizes), len(texts))
