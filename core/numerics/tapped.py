"""Passes of rows through a tapped network, batch by batch, for the gradients of every linear layer as factors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from core.types.progress import Progress, SilentProgress

from .batches import batch_for
from .devices import derive_seed
from .factors import (
    Cotangent,
    Factors,
    contracted,
    inner_products,
    left_out,
    linear_factors,
    loss_cotangent,
    sampled_cotangent,
)
from .per_example import GradientTap

Gradients = Mapping[str, "Factors | Tensor"]  # layer -> gradients as factors, or multiplied out [V, O, I]


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs [N, ...] (or a tuple of such) and labels [N] int64."""

    x: Any
    labels: Integer[Tensor, " row"]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice | Integer[Tensor, " part"]) -> Rows:
        x = tuple(one[rows] for one in self.x) if isinstance(self.x, tuple) else self.x[rows]
        return Rows(x, self.labels[rows])


class TappedNetwork:
    """`with TappedNetwork(network) as tapped:` frozen and in eval mode inside, afterwards as it was before."""

    def __init__(self, network: nn.Module, seed: int = 0, progress: Progress | None = None, batch: int = 0):
        self.batch = batch  # rows; 0: as many as suit the network
        self.network, self.seed, self.progress = network, seed, progress or SilentProgress()
        self.tap = GradientTap(network)
        self.notes: tuple[str, ...] = ()

    def __enter__(self) -> TappedNetwork:
        self.tap.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self.tap.__exit__(*details)

    def check(self, rows: Rows) -> None:
        """Name the layers that are left out in `notes`. Raises `ModelError` where gradients cannot be told apart."""
        self.notes = left_out(self.tap, rows[:2].x)

    def batches(self, rows: Rows) -> Iterator[slice]:
        """The rows of each batch."""
        if not self.batch:
            self.batch = batch_for(self.network, rows[:1].x)
        for start in range(0, len(rows), self.batch):
            yield slice(start, min(start + self.batch, len(rows)))
            self.progress.advance()

    def factors(self, rows: Rows, cotangent: Cotangent) -> dict[str, Factors]:
        """layer -> factors of these rows, all in one batch."""
        return linear_factors(self.tap, rows.x, cotangent)

    def loss_factors(self, rows: Rows) -> Iterator[tuple[slice, dict[str, Factors]]]:
        """(rows, factors of their own loss) of each batch."""
        for part in self.batches(rows):
            yield part, self.factors(rows[part], loss_cotangent(rows.labels[part]))

    def sampled_factors(self, rows: Rows) -> Iterator[dict[str, Factors]]:
        """Factors of each batch at labels drawn from the model, the same in each pass."""
        generator = torch.Generator().manual_seed(derive_seed("fisher", self.seed))
        for part in self.batches(rows):
            yield self.factors(rows[part], sampled_cotangent(generator))

    def logits(self, rows: Rows) -> Float[Tensor, "row class"]:
        """[N, C] of all rows."""
        with torch.no_grad():
            return torch.cat([self.network(rows[part].x) for part in self.batches(rows)])

    def gradients(
        self, rows: Rows, cotangents: Float[Tensor, "row class"] | None = None
    ) -> dict[str, Factors | Float[Tensor, "row output input"]]:
        """Gradients of all rows, at `cotangents` [N, C] on their logits or of their loss; see `compact`."""
        parts = []
        for part in self.batches(rows):
            cotangent = loss_cotangent(rows.labels[part]) if cotangents is None else _constant(cotangents[part])
            parts.append(compact(self.factors(rows[part], cotangent)))
        return {name: _joined([one[name] for one in parts]) for name in parts[0]}


def _constant(cotangents: Float[Tensor, "batch class"]) -> Cotangent:
    return lambda _: cotangents


def compact(layers: Mapping[str, Factors]) -> dict[str, Factors | Float[Tensor, "batch output input"]]:
    """The smaller form of each layer's gradients: factors at one position, their products at several positions."""
    return {name: one if one.single else one.matrices() for name, one in layers.items()}


def _joined(parts: Sequence[Factors | Float[Tensor, "_ output input"]]) -> Factors | Float[Tensor, "row output input"]:
    if len(parts) == 1:
        return parts[0]
    single = [one for one in parts if isinstance(one, Factors)]
    if single:
        return Factors(torch.cat([one.inputs for one in single]), torch.cat([one.cotangents for one in single]))
    return torch.cat([one for one in parts if isinstance(one, Tensor)])


def products(first: Gradients, second: Gradients) -> Float[Tensor, "query batch"]:
    """[V, b] inner products over all layers of `first`."""
    return total(_products(one, second[name]) for name, one in first.items())


def _products(
    first: Factors | Float[Tensor, "query output input"], second: Factors | Float[Tensor, "batch output input"]
) -> Float[Tensor, "query batch"]:
    if isinstance(first, Factors):
        return inner_products(first, second) if isinstance(second, Factors) else contracted(second, first).T
    return contracted(first, second) if isinstance(second, Factors) else first.flatten(1) @ second.flatten(1).T


def squares(gradients: Gradients) -> Float[Tensor, " batch"]:
    """[V] squared lengths over all layers."""
    return total(one.squares() if isinstance(one, Factors) else one.square().sum((1, 2)) for one in gradients.values())


def total(parts: Iterable[Float[Tensor, " *shape"]]) -> Float[Tensor, " *shape"]:
    """Their sum; made in the first of them, a result of its own."""
    first, *others = parts
    for one in others:
        first += one
    return first
