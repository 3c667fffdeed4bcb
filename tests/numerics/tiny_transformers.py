"""Small transformers of the kinds that people have, with torch alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CLASSES, VOCABULARY, LENGTH, WIDTH = 4, 20, 7, 8


def token_ids(rows: int = 5, seed: int = 1) -> tuple[Tensor, Tensor]:
    """(ids, mask) [rows, 7]: texts of different lengths, filled up with the id 0."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, VOCABULARY, (rows, LENGTH), generator=generator)
    lengths = 3 + torch.arange(rows) % (LENGTH - 2)
    mask = (torch.arange(LENGTH)[None] < lengths[:, None]).long()
    return ids * mask, mask


class Block(nn.Module):
    """Attention with packed weights, GELU, and layer norms after each sum, as in BERT."""

    def __init__(self, batch_first: bool, need_weights: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, 2, batch_first=batch_first)
        self.up, self.down = nn.Linear(WIDTH, 16), nn.Linear(16, WIDTH)
        self.first, self.second = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.need_weights = need_weights

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        read = x if self.attention.batch_first else x.transpose(0, 1)
        mixed, _ = self.attention(read, read, read, key_padding_mask=padding, need_weights=self.need_weights)
        x = self.first(x + (mixed if self.attention.batch_first else mixed.transpose(0, 1)))
        return self.second(x + self.down(nn.functional.gelu(self.up(x))))


class TinyBert(nn.Module):
    """Ids and a mask to logits; positions are looked up once, [1, L], and added to every example."""

    def __init__(self, batch_first: bool = True, need_weights: bool = False) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WIDTH, padding_idx=0)
        self.positions = nn.Embedding(LENGTH, WIDTH)
        self.kinds = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.blocks = nn.ModuleList(Block(batch_first, need_weights) for _ in range(2))
        self.pooler = nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: tuple[Tensor, Tensor]) -> Tensor:
        ids, mask = x
        places = torch.arange(ids.shape[1])[None]
        x = self.norm(self.words(ids) + self.positions(places) + self.kinds(torch.zeros_like(ids)))
        for block in self.blocks:
            x = block(x, mask == 0)
        return self.head(torch.tanh(self.pooler(x[:, 0])))


class TinyGpt(nn.Module):
    """A causal decoder of torch's own layers; its positions have no batch axis at all, as nanoGPT's."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(LENGTH, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 2, 16, batch_first=True, activation="gelu", norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, ids: Tensor) -> Tensor:
        length = ids.shape[1]
        x = self.words(ids) + self.positions(torch.arange(length))
        causal = nn.Transformer.generate_square_subsequent_mask(length, dtype=x.dtype)
        return self.head(self.body(x, mask=causal, is_causal=True)[:, -1])


class SharedNorm(nn.Module):
    """A layer norm and a projection over positions that all examples share."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.norm, self.project = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, ids: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1])[None]
        return self.head(torch.tanh(self.words(ids) * self.project(self.norm(self.positions(places)))).mean(1))


class Squeezing(nn.Module):
    """Takes the one row of its positions for granted: it does not bear them spread over the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, ids: Tensor) -> Tensor:
        places = self.positions(torch.arange(ids.shape[1])[None]).view(ids.shape[1], WIDTH)
        return self.head(torch.tanh(self.words(ids) + places).mean(1))
