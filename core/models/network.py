"""What every network here can be asked, and how one is initialised from a seed alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Network(nn.Module):
    """logits = head(features_from(embed(x))), each step callable alone.

    embed: x -> what input gradients are taken of: the input itself for images and tables ([b, ...]),
    weighted term embeddings [b, L, d] for text. features_from: [b, d], the input of the last linear layer.
    """

    head: nn.Linear

    def embed(self, x: Any) -> Tensor:
        """The continuous input; the identity unless the input is made of term ids."""
        return x

    def places(self, x: Any) -> Tensor | None:
        """[b, L] where a text has a token; None for images and tables."""
        return x[0] != 0 if isinstance(x, tuple) else None

    def features_from(self, embedded: Tensor) -> Tensor:
        """[b, d] penultimate activations. Raises NotImplementedError here: each network has its own."""
        raise NotImplementedError

    def features(self, x: Any) -> Tensor:
        """[b, d] penultimate activations of raw input."""
        return self.features_from(self.embed(x))

    def forward(self, x: Any) -> Tensor:
        """[b, C] logits."""
        return self.head(self.features(x))


def seeded(make: Callable[[], nn.Module], seed: int) -> Any:
    """`make()` with initial weights that depend on `seed` alone; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()
