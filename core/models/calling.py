"""How a network of one's own is called, with one tensor, several or some by name, and where its logits are found."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn


def call(module: nn.Module, x: Any, names: tuple[str, ...] = ()) -> Any:
    """What `module` answers to a batch: a tensor, or a tuple of the parts that `names` name, if it is called so."""
    if not isinstance(x, tuple):
        return module(**{names[0]: x}) if names else module(x)
    if names:
        return module(**dict(zip(names, x, strict=True)))
    return module(*x) if takes(module, len(x)) else module(x)


def takes(module: nn.Module, count: int) -> bool:
    """Whether its forward takes so many arguments by place, rather than one tuple of them."""
    known = inspect.signature(module.forward).parameters.values()
    by_place = [p for p in known if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(by_place) >= count or any(p.kind is p.VAR_POSITIONAL for p in known)


def argument_names(module: nn.Module) -> tuple[frozenset[str], bool]:
    """(names of the arguments of its forward, whether it takes others too)."""
    known = inspect.signature(module.forward).parameters.values()
    named = frozenset(p.name for p in known if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
    return named, any(p.kind is p.VAR_KEYWORD for p in known)


def logits_of(output: Any) -> Any:
    """The logits of an output that carries them (`.logits`, or under that name); any other output as it is."""
    if isinstance(output, Tensor):
        return output
    named = output.get("logits") if isinstance(output, Mapping) else getattr(output, "logits", None)
    return named if isinstance(named, Tensor) else output


class CalledNetwork(nn.Module):
    """A network that reads batches as `call` hands them over and answers with its logits; its mode is the network's."""

    def __init__(self, inner: nn.Module, names: tuple[str, ...] = ()):
        super().__init__()
        self.inner, self.names, self.training = inner, names, inner.training

    def forward(self, x: Any) -> Any:
        """[b, C] logits."""
        return logits_of(call(self.inner, x, self.names))
