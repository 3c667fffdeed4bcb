"""Layer calls that all examples of a batch share: positions [1, L] or [L], looked up once and added to every example.

What reaches the output of such a call is summed over the examples. Spread over the batch before anything reads it, each
example has a gradient of its own; sums and products broadcast to the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jaxtyping import Shaped
from torch import Tensor, nn

Spread = Callable[[Any], Any]  # a tensor of a shared call -> one view of it per example; anything else as it is


def rows_of(x: Any) -> int:
    """Examples in a batch as a network reads it: a tensor, or a tuple or mapping of tensors."""
    first = next(iter(x.values())) if isinstance(x, Mapping) else x
    first = first[0] if isinstance(first, (tuple, list)) else first
    return len(first) if isinstance(first, Tensor) and first.dim() else 0


class SharedCalls:
    """Which calls are shared, for batches of `rows` examples (0: not known, so none is)."""

    def __init__(self) -> None:
        self.rows = 0
        self.allowed = True  # False: this network does not bear a spread output
        self.found = False
        self._flat: set[tuple[int, int]] = set()

    def of(self, module: nn.Module, number: int, read: Any, output: Shaped[Tensor, " ..."]) -> Spread | None:
        """How to spread a module's call number `number` of this forward pass; None for one that has its own rows."""
        if not (self.allowed and self.rows and isinstance(read, Tensor) and output.dim()):
            return None
        spread = self._spread(module, number, read, output)
        self.found |= spread is not None
        return spread

    def _spread(
        self, module: nn.Module, number: int, read: Shaped[Tensor, " ..."], output: Shaped[Tensor, " ..."]
    ) -> Spread | None:
        if isinstance(module, nn.Embedding) and read.dim() == 1:
            # One id per example, or one per position? As many as examples can be both: the first batch has told.
            if len(read) != self.rows:
                self._flat.add((id(module), number))
            return self._add_axis if (id(module), number) in self._flat else None
        return self._repeat if self.rows > 1 and len(output) == 1 and len(read) == 1 else None

    def _add_axis(self, value: Any) -> Any:
        return value.expand(self.rows, *value.shape) if isinstance(value, Tensor) and value.dim() else value

    def _repeat(self, value: Any) -> Any:
        one = isinstance(value, Tensor) and value.dim() and len(value) == 1
        return value.expand(self.rows, *value.shape[1:]) if one else value
