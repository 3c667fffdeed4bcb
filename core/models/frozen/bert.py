"""A BERT encoder from its plain tensors, forward alone. Devlin et al. 2019."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

_EPSILON = 1e-12  # of the layer norms, as the weights were trained
_HEAD = 32  # numbers per attention head


class Bert:
    """weights: tensors named as in a transformers checkpoint. Its widths are read from them."""

    def __init__(self, weights: Mapping[str, Tensor]):
        self._weights = {name: tensor for name, tensor in weights.items() if tensor.is_floating_point()}
        self._layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer."))
        self.device = weights["embeddings.word_embeddings.weight"].device
        self.width = int(weights["embeddings.word_embeddings.weight"].shape[1])

    def to(self, device: torch.device) -> Bert:
        """The same encoder on another device."""
        return Bert({name: tensor.to(device) for name, tensor in self._weights.items()})

    def __call__(self, ids: Tensor, there: Tensor) -> Tensor:
        """[b, L, width] of token ids [b, L]; there [b, L]: which of them are tokens."""
        w = self._weights
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = self._norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        mask = there[:, None, None, :]
        for number in range(self._layers):
            x = self._layer(x, mask, f"encoder.layer.{number}")
        return x

    def _layer(self, x: Tensor, mask: Tensor, name: str) -> Tensor:
        q, k, v = (self._heads(self._linear(x, f"{name}.attention.self.{part}")) for part in ("query", "key", "value"))
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        seen = self._linear(seen.transpose(1, 2).flatten(2), f"{name}.attention.output.dense")
        x = self._norm(x + seen, f"{name}.attention.output.LayerNorm")
        wide = functional.gelu(self._linear(x, f"{name}.intermediate.dense"))
        return self._norm(x + self._linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (-1, _HEAD)).transpose(1, 2)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return functional.layer_norm(x, (self.width,), weight, bias, _EPSILON)


def unit_means(states: Tensor, there: Tensor) -> Tensor:
    """[b, width] of length 1: the mean over the tokens of each text."""
    weights = there.unsqueeze(2).to(states.dtype)
    return functional.normalize((states * weights).sum(1) / weights.sum(1).clamp_min(1), dim=1)
