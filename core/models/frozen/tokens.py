"""Texts as the encoders read them: by a package's own tokenizer file, cut to a length, in batches of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.types.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_TOGETHER = 32  # texts of like length through a transformer at once


def tokenizer_from(content: bytes, longest: int) -> Tokenizer:
    """The tokenizer that a tokenizer.json describes; it cuts after `longest` tokens. Raises `ModelError`."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ModelError(
            "Text encoders need the package tokenizers, which is not installed.", "pip install 'chaffinch[text]'."
        ) from error
    tokenizer = Tokenizer.from_str(content.decode("utf-8"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return tokenizer


def readable(text: str) -> str:
    """The text without halves of characters, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def padded(ids: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Token ids [b, longest] with 0 after the end, and which of them are tokens."""
    lengths = np.array([len(one) for one in ids])
    there = np.arange(max(1, lengths.max(initial=0))) < lengths[:, None]
    out = np.zeros(there.shape, np.int64)
    out[there] = np.concatenate([np.asarray(one, np.int64) for one in ids]) if lengths.sum() else []
    return out, there


def by_length(ids: Sequence[Sequence[int]], size: int = _TOGETHER) -> Iterator[np.ndarray]:
    """Places in `ids`, a few of like length at a time: little of a batch is padding."""
    order = np.argsort([len(one) for one in ids], kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]
