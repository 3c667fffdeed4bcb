"""Text: TF-IDF over words and word pairs, sparse for estimators, padded (id, weight) pairs for networks.

The vocabulary is stored as a list and weights as .npy, so that every term can be shown again in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from core.store.atomic import read_array, read_json, write_array, write_json
from core.types.errors import DataError
from core.types.examples import ExampleTable, Modality

from .family import InputShape

_WORD = re.compile(r"\w+(?:['’]\w+)?|[!?:;]+", re.UNICODE)  # runs of ! ? : ; carry sentiment
_MOST_TERMS = 20_000  # the most frequent ones: bounds the embedding table of a network
_LONGEST = 256  # distinct terms of one text that a network reads; the heaviest are kept
_MOST_CHARACTERS = 20_000  # of one text, about ten pages: bounds the work of a single row


@dataclass(frozen=True)
class Token:
    """One occurrence of a word in a text: text[start:end]."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Term:
    """A vocabulary entry present in a text: its id (1-based), its weight, and the tokens it covers."""

    id: int
    weight: float
    tokens: tuple[int, ...]


class _Saved(TypedDict):
    vocabulary: tuple[str, ...]


@dataclass(frozen=True)
class TextEncoder:
    """vocabulary[i] has term id i + 1 (0 is padding) and inverse document frequency idf[i]."""

    vocabulary: tuple[str, ...]
    idf: np.ndarray
    kind = "text"

    @classmethod
    def fit(cls, examples: ExampleTable, rows: np.ndarray) -> TextEncoder:
        """Terms in at least two of the texts `rows` (in one where that leaves nothing), the most frequent first.

        Raises `DataError` for texts without any word.
        """
        counts: Counter[str] = Counter()
        for row in rows:
            counts.update(set(_terms(_words(str(examples.inputs[row])))))
        if not counts:
            raise DataError("The texts contain no words.", "Check that the text column is the right one.")
        often = {t: n for t, n in counts.items() if n >= 2} or dict(counts)
        kept = sorted(sorted(often, key=lambda t: (-often[t], t))[:_MOST_TERMS])
        idf = np.log((1 + len(rows)) / (1 + np.array([often[t] for t in kept]))) + 1
        return cls(tuple(kept), idf)

    @property
    def shape(self) -> InputShape:
        """(terms + padding,)."""
        return InputShape(Modality.TEXT, (len(self.vocabulary) + 1,))

    @cached_property
    def _place(self) -> Mapping[str, int]:
        return {term: i for i, term in enumerate(self.vocabulary)}

    def tokens(self, text: str) -> tuple[Token, ...]:
        """The words of a text in reading order."""
        return words_in(text)

    def terms(self, text: str) -> tuple[Term, ...]:
        """The known terms of a text, by id, in the order of `pairs`, each with the tokens it covers."""
        words = _words(text)
        covered: dict[int, set[int]] = {}
        for term, at in _placed_terms(words):
            if (place := self._place.get(term)) is not None:
                covered.setdefault(place, set()).update(at)
        ids, weights = self._weights(words)
        return tuple(
            Term(int(i) + 1, float(w), tuple(sorted(covered[int(i)]))) for i, w in zip(ids, weights, strict=True)
        )

    def _weights(self, words: list[str]) -> tuple[np.ndarray, np.ndarray]:
        counts = Counter(place for term in _terms(words) if (place := self._place.get(term)) is not None)
        ids = np.array(sorted(counts), dtype=np.int64)
        if len(ids) == 0:
            return ids, np.zeros(0)
        weights = (1 + np.log([counts[int(i)] for i in ids])) * self.idf[ids]
        return ids, weights / np.linalg.norm(weights)

    def _all(self, texts: Iterable[Any]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return (self._weights(_words(str(text))) for text in texts)

    def matrix(self, examples: ExampleTable) -> Any:
        """scipy CSR [N, terms] float32, rows of length 1 (0 where no term is known)."""
        from scipy.sparse import csr_matrix

        pairs = list(self._all(examples.inputs))
        ends = np.cumsum([0, *(len(ids) for ids, _ in pairs)])
        columns = np.concatenate([ids for ids, _ in pairs]) if pairs else np.zeros(0, np.int64)
        values = np.concatenate([w for _, w in pairs]) if pairs else np.zeros(0)
        return csr_matrix((values.astype(np.float32), columns, ends), shape=(len(pairs), len(self.vocabulary)))

    def pairs(self, texts: Iterable[Any]) -> tuple[np.ndarray, np.ndarray]:
        """ids [n, L] int64 and weights [n, L] float32, padded with (0, 0.0); L fits the longest, at most 256."""
        rows = [_heaviest(*pair) for pair in self._all(texts)]
        longest = max((len(ids) for ids, _ in rows), default=0)
        ids = np.zeros((len(rows), max(longest, 1)), np.int64)
        weights = np.zeros(ids.shape, np.float32)
        for i, (terms, values) in enumerate(rows):
            ids[i, : len(terms)] = terms + 1
            weights[i, : len(terms)] = values
        return ids, weights

    def encode(self, examples: ExampleTable, scratch: Path | None = None) -> TextRows:
        """All texts as padded pairs."""
        return TextRows(*self.pairs(examples.inputs))

    def save(self, folder: Path) -> None:
        """encoder.json and idf.npy."""
        write_array(folder / "idf.npy", self.idf)
        write_json(folder / "encoder.json", {"kind": self.kind, "vocabulary": list(self.vocabulary)})

    @classmethod
    def load(cls, folder: Path) -> TextEncoder:
        """The inverse of `save`."""
        vocabulary = read_json(folder / "encoder.json", _Saved)["vocabulary"]
        return cls(tuple(vocabulary), read_array(folder / "idf.npy"))


class TextRows:
    """Encoded texts. A batch is cut to the columns that any of its rows uses."""

    def __init__(self, ids: np.ndarray, weights: np.ndarray):
        self.ids, self.weights = ids, weights
        self._lengths = (ids != 0).sum(axis=1)

    def __len__(self) -> int:
        return len(self.ids)

    def batch(self, rows: np.ndarray) -> Any:
        """(ids [b, L] int64, weights [b, L] float32); L is the batch's longest text."""
        import torch

        longest = max(int(self._lengths[rows].max(initial=0)), 1)
        ids, weights = self.ids[rows, :longest], self.weights[rows, :longest]
        return torch.from_numpy(np.ascontiguousarray(ids)), torch.from_numpy(np.ascontiguousarray(weights))


def words_in(text: str) -> tuple[Token, ...]:
    """The words of a text in reading order, whatever the vocabulary."""
    return tuple(Token(m.group(), m.start(), m.end()) for m in _WORD.finditer(text[:_MOST_CHARACTERS]))


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text[:_MOST_CHARACTERS])]


def _placed_terms(words: list[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for i, word in enumerate(words):
        yield word, (i,)
        if i + 1 < len(words):
            yield f"{word} {words[i + 1]}", (i, i + 1)


def _terms(words: list[str]) -> Iterator[str]:
    yield from words
    yield from (f"{a} {b}" for a, b in zip(words, words[1:], strict=False))


def _heaviest(ids: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(ids) <= _LONGEST:
        return ids, weights
    kept = np.sort(np.argsort(-weights, kind="stable")[:_LONGEST])
    return ids[kept], weights[kept]
