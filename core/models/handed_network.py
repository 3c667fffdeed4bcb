"""A network that a person hands over, asked the same questions as the built-in ones whatever it reads."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .adapter import AdaptedNetwork
from .calling import call, logits_of
from .token_table import TokenTable, find_table


class HandedNetwork(AdaptedNetwork):
    """Reads one tensor, several, or some by name, and finds the logits in what comes back.

    names: of the parts of a batch, for a module that is called by name. Token ids are entered at the vectors of the
    module's own table, where a text can be differentiated.
    """

    def __init__(self, inner: nn.Module, classes: int, names: tuple[str, ...] = ()):
        super().__init__(inner, classes)
        self.names = names
        self._searched = False  # for its table of token ids
        self.__dict__["_table"], self.__dict__["_read"] = None, None

    def forward(self, x: Any) -> Tensor:
        """[b, C] logits of the wrapped network."""
        return self._checked(logits_of(call(self.inner, x, self.names)))

    def embed(self, x: Any) -> Any:
        """Images and tables as they are, token ids as vectors [b, L, d]."""
        table = self._token_table(x)
        self.__dict__["_read"] = None if table is None else x
        return x if table is None else table.table(table.ids(x))

    def logits_of(self, embedded: Any) -> Any:
        """What the wrapped network makes of embedded inputs, beside the other parts of the batch embedded last."""
        read, table = self.__dict__["_read"], self.__dict__["_table"]
        if read is None:
            return logits_of(call(self.inner, embedded, self.names))
        with table.replaced(read, embedded):
            return logits_of(call(self.inner, read, self.names))

    def places(self, x: Any) -> Tensor | None:
        """[b, L] where there is a token; None for images and tables."""
        table = self._token_table(x)
        if table is None:
            return None
        if "attention_mask" in self.names:
            mask: Tensor = x[self.names.index("attention_mask")]
            return mask != 0
        ids, padding = table.ids(x), table.table.padding_idx
        return torch.ones_like(ids, dtype=torch.bool) if padding is None else ids != padding

    def _token_table(self, x: Any) -> TokenTable | None:
        if isinstance(x, Tensor) and x.is_floating_point():
            return None
        if not self._searched:
            self.__dict__["_table"] = find_table(self.inner, lambda x: call(self.inner, x, self.names), x)
            self._searched = True
        table: TokenTable | None = self.__dict__["_table"]
        return table
