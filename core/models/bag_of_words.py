"""Bag of words: TF-IDF weighted term embeddings, summed, then at most a hidden layer."""

from __future__ import annotations

from torch import Tensor, nn

from .family import InputShape
from .network import Network, seeded
from .network_params import BowLinearParams, BowMlpParams

PADDING = 0  # the term id of no term: its embedding is zero and stays so


class BagOfWords(Network):
    """x is a pair (ids [b, L] int64, weights [b, L] float); id 0 is padding and has weight 0."""

    def __init__(self, terms: int, embedding: int, hidden: tuple[int, ...], classes: int):
        super().__init__()
        self.terms = nn.Embedding(terms, embedding, padding_idx=PADDING)
        widths = (embedding, *hidden)
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:], strict=False))
        self.head = nn.Linear(widths[-1], classes)
        nn.init.normal_(self.terms.weight, std=embedding**-0.5)
        self.terms.weight.data[PADDING] = 0

    def embed(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """[b, L, d] embeddings times their weights."""
        ids, weights = x
        return self.terms(ids) * weights.unsqueeze(-1)

    def features_from(self, embedded: Tensor) -> Tensor:
        """[b, hidden] (or [b, embedding] without hidden layer)."""
        h = embedded.sum(1)
        for layer in self.hidden:
            h = layer(h).relu()
        return h


def build(shape: InputShape, classes: int, params: BowMlpParams | BowLinearParams, seed: int) -> BagOfWords:
    """A `BagOfWords` for this vocabulary, initialised from `seed`."""
    hidden = (params.hidden,) if isinstance(params, BowMlpParams) else ()
    return seeded(lambda: BagOfWords(shape.dims[0], params.embedding, hidden, classes), seed)
