"""The table in which a network looks up its token ids: a gradient by the input of a text is taken at its vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class TokenTable:
    """table: an Embedding of the network; part: which part of a batch holds the ids that it reads."""

    table: nn.Embedding
    part: int

    def ids(self, x: Any) -> Tensor:
        """[b, L] of a batch."""
        return x[self.part] if isinstance(x, tuple) else x

    @contextmanager
    def replaced(self, x: Any, vectors: Tensor) -> Iterator[None]:
        """Inside, the network gets these vectors where it looks up the ids of `x`, the first time it does."""
        shape, left = self.ids(x).shape, [vectors]

        def give(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Tensor) -> Tensor:
            read = args[0] if args else kwargs.get("input")
            return left.pop() if left and isinstance(read, Tensor) and read.shape == shape else output

        handle = self.table.register_forward_hook(give, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()


def find_table(network: nn.Module, run: Callable[[Any], Any], x: Any) -> TokenTable | None:
    """The first Embedding that looks up a part of `x` as it is, found by running it; None without one."""
    parts = x if isinstance(x, tuple) else (x,)
    found: list[TokenTable] = []

    def notice(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], _: Any) -> None:
        read = args[0] if args else kwargs.get("input")
        for place, part in enumerate(parts):
            if not found and isinstance(read, Tensor) and read.shape == part.shape and torch.equal(read, part):
                found.append(TokenTable(module, place))  # type: ignore[arg-type]

    tables = [module for module in network.modules() if isinstance(module, nn.Embedding)]
    handles = [table.register_forward_hook(notice, with_kwargs=True) for table in tables]
    try:
        with torch.no_grad():
            run(x)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None
