"""WordLlama: the mean of static token vectors distilled from large language models; it knows no word order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.types.errors import ModelError
from core.types.examples import Modality

from .entry import FrozenEncoder

_LONGEST = 4096  # tokens read of one text
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_TENSOR = "embedding.weight"


def _load(file: Path) -> Callable[[Any], Any]:
    import torch
    from safetensors.torch import load_file

    from .tokens import readable, tokenizer_from

    beside = file.parents[1] / _TOKENIZER
    if not beside.is_file():
        raise ModelError(f"{beside} is missing.", "Install the package wordllama again.")
    tokenizer = tokenizer_from(beside.read_bytes(), _LONGEST)
    vectors = load_file(file)[_TENSOR].float()

    def encode(texts: Sequence[str]) -> torch.Tensor:
        found = tokenizer.encode_batch([readable(text) for text in texts], add_special_tokens=False)
        none = vectors.new_zeros(vectors.shape[1])  # of a text without a single token
        return torch.stack([vectors[one.ids].mean(0) if len(one.ids) else none for one in found])

    return encode


WORDLLAMA = FrozenEncoder(
    name="wordllama",
    title="WordLlama",
    summary="The mean of the vectors of a text's tokens, without their order; very fast.",
    modality=Modality.TEXT,
    package="wordllama",
    weights="weights/l2_supercat_256.safetensors",
    distribution="wordllama",
    extra="text",
    width=256,
    seconds=1.5,
    load=_load,
)
