"""Texts as a transformer reads them: token ids by its own tokenizer.json, cut at its longest, padded per batch.

Ids are kept one higher than the tokenizer's, so that 0 is padding here whatever the tokenizer pads with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from core.store.atomic import read_json, write_json, write_with
from core.types.errors import ModelError
from core.types.examples import ExampleTable, Modality

from .family import InputShape
from .text_encoding import Term, TextEncoder, Token, words_in

_AT_ONCE = 1024  # texts given to the tokenizer in one call: bounds its memory


class _Saved(TypedDict):
    longest: int


@dataclass(frozen=True)
class TokenEncoder:
    """tokenizer: the text of tokenizer.json. longest: most tokens of a text. terms_encoder: for scikit-learn."""

    tokenizer: str
    longest: int
    terms_encoder: TextEncoder
    kind = "tokens"

    @classmethod
    def fit(cls, tokenizer: str, longest: int, examples: ExampleTable, rows: np.ndarray) -> TokenEncoder:
        """The tokenizer is as it was trained; only the terms for scikit-learn are those of the texts `rows`."""
        return cls(tokenizer, longest, TextEncoder.fit(examples, rows))

    @cached_property
    def _tokenizer(self) -> Any:
        from core.models.extras import required

        tokenizers = required("tokenizers", "hf")
        try:
            read = tokenizers.Tokenizer.from_str(self.tokenizer)
            read.no_padding()
            read.enable_truncation(self.longest)
        except BaseException as error:  # its Rust code panics past Exception on some damaged files
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            raise ModelError(f"tokenizer.json is damaged: {str(error)[:120]}.", "Save or download it again.") from None
        return read

    @property
    def shape(self) -> InputShape:
        """(tokens + padding,)."""
        return InputShape(Modality.TEXT, (self._tokenizer.get_vocab_size(with_added_tokens=True) + 1,))

    def _read(self, texts: Iterable[Any]) -> list[Any]:
        listed = [str(text) for text in texts]
        parts = (listed[start : start + _AT_ONCE] for start in range(0, len(listed), _AT_ONCE))
        return [one for part in parts for one in self._tokenizer.encode_batch(part)]

    def encode(self, examples: ExampleTable, scratch: Path | None = None) -> TokenRows:
        """Every text as its ids."""
        return TokenRows([np.asarray(one.ids, np.int32) + 1 for one in self._read(examples.inputs)])

    def pairs(self, texts: Iterable[Any]) -> tuple[np.ndarray, np.ndarray]:
        """ids [n, L] int64 and weights [n, L] float32, 1 for a token and 0 for padding; L fits the longest."""
        ids, weights = TokenRows([np.asarray(one.ids, np.int32) + 1 for one in self._read(texts)]).padded()
        return ids, weights

    def tokens(self, text: str) -> tuple[Token, ...]:
        """The words of a text in reading order."""
        return words_in(text)

    def terms(self, text: str) -> tuple[Term, ...]:
        """The terms that scikit-learn reads, as `TextEncoder.terms`."""
        return self.terms_encoder.terms(text)

    def covered(self, text: str) -> tuple[tuple[int, ...], ...]:
        """For each token that the network reads, the words (of `tokens`) it is a part of; () for [CLS] and its like."""
        words = self.tokens(text)
        (read,) = self._read([text])
        return tuple(
            tuple(n for n, word in enumerate(words) if start < word.end and word.start < end)
            for start, end in read.offsets
        )

    def matrix(self, examples: ExampleTable) -> Any:
        """scipy CSR [N, terms] for scikit-learn, as `TextEncoder.matrix`."""
        return self.terms_encoder.matrix(examples)

    def save(self, folder: Path) -> None:
        """encoder.json, tokenizer.json, and the terms in a folder of their own."""
        write_with(folder / "tokenizer.json", lambda file: file.write(self.tokenizer.encode()))
        self.terms_encoder.save(folder / "terms")
        write_json(folder / "encoder.json", {"kind": self.kind, "longest": self.longest})

    @classmethod
    def load(cls, folder: Path) -> TokenEncoder:
        """The inverse of `save`."""
        longest = read_json(folder / "encoder.json", _Saved)["longest"]
        text = (folder / "tokenizer.json").read_text(encoding="utf-8")
        return cls(text, longest, TextEncoder.load(folder / "terms"))


class TokenRows:
    """Texts as ids, padded when a batch is cut."""

    def __init__(self, ids: list[np.ndarray]):
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    def padded(self, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """ids [b, L] int64 and weights [b, L] float32 of `rows`; L is the longest of them, at least 1."""
        chosen = self._ids if rows is None else [self._ids[int(row)] for row in rows]
        ids = np.zeros((len(chosen), max([1, *map(len, chosen)])), np.int64)
        for place, one in enumerate(chosen):
            ids[place, : len(one)] = one
        return ids, (ids != 0).astype(np.float32)

    def batch(self, rows: np.ndarray) -> Any:
        """(ids [b, L] int64, weights [b, L] float32)."""
        import torch

        return tuple(map(torch.from_numpy, self.padded(rows)))
