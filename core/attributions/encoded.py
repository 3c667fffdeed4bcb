"""Rows of a dataset as the models of a run read them, and how the encoded numbers become parts again."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.models.encoding import subset
from core.types.examples import ExampleTable

from .method import Language
from .parts import ImageParts, Parts, TableParts, TextParts

MOST_TEXTS = 2000  # that the words of the corpus are counted in


def batch(encoder: Any, examples: ExampleTable, rows: np.ndarray) -> Any:
    """These rows as a network reads them."""
    return encoder.encode(subset(examples, rows)).batch(np.arange(len(rows)))


def parts_of(encoder: Any, examples: ExampleTable, row: int, for_matrix: bool) -> Parts:
    """How the encoder's numbers for this row become parts; for_matrix: those of `matrix`, not of `encode`."""
    if encoder.kind == "image":
        return ImageParts(encoder.height, encoder.width, len(encoder.mean))
    if encoder.kind == "table":
        return TableParts(tuple(encoder.columns_of), tuple(encoder.columns_of.values()))
    if reads_words(encoder):
        return _text_parts(encoder, str(examples.inputs[row]), for_matrix)
    count = encoder.shape.dims[0]
    return TableParts(tuple(f"x{i}" for i in range(count)), tuple((i,) for i in range(count)))


def reads_words(encoder: Any) -> bool:
    """Whether its examples are texts, of which people see the words."""
    return hasattr(encoder, "tokens")


def _text_parts(encoder: Any, text: str, for_matrix: bool) -> TextParts:
    covered = {term.id: term.tokens for term in encoder.terms(text)}
    names = tuple(token.text for token in encoder.tokens(text))
    ids = np.array(sorted(covered), dtype=np.int64)
    if not for_matrix and hasattr(encoder, "covered"):  # tokens in reading order, parts of words among them
        slots = encoder.covered(text)
        return TextParts(names, slots, np.arange(len(slots)))
    if not for_matrix:
        ids = encoder.pairs([text])[0][0]  # a network reads the heaviest terms of a long text, padded with 0
    return TextParts(names, tuple(covered.get(int(i), ()) for i in ids), ids - 1)


def language_of(encoder: Any, examples: ExampleTable, rows: np.ndarray) -> Language:
    """The words of up to `MOST_TEXTS` of these rows, and the encoder that turns words into a network's input."""
    step = max(1, -(-len(rows) // MOST_TEXTS))
    words = [token.text.lower() for row in rows[::step] for token in encoder.tokens(str(examples.inputs[row]))]

    def read(texts: Any) -> Any:
        import torch

        ids, weights = encoder.pairs([" ".join(text) for text in texts])
        return torch.from_numpy(ids), torch.from_numpy(weights)

    return Language(np.array(words, dtype=object), read)
