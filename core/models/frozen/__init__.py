"""Frozen encoders: pretrained networks whose weights come as packages. `FROZEN` is the only registration; importing it
needs no torch.
"""

from __future__ import annotations

from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.registry import find

from .efficientnet_lite0 import EFFICIENTNET_LITE0
from .efficientnet_lite2 import EFFICIENTNET_LITE2
from .entry import FrozenEncoder
from .minilm import MINILM
from .wordllama import WORDLLAMA

# Order here is order everywhere.
FROZEN: tuple[FrozenEncoder, ...] = (EFFICIENTNET_LITE0, EFFICIENTNET_LITE2, MINILM, WORDLLAMA)


def frozen_named(name: str, modality: Modality | None = None) -> FrozenEncoder:
    """The encoder called `name`. Raises `ModelError` when unknown, not installed, or for other examples."""
    encoder = find(name, FROZEN, "encoder", ModelError)
    if modality is not None and encoder.modality is not modality:
        fit = ", ".join(e.name for e in FROZEN if e.modality is modality) or "none"
        raise ModelError(
            f"The encoder {name} reads {encoder.modality.value} examples, not {modality.value}.",
            f"For {modality.value} there is: {fit}.",
        )
    encoder.require()
    return encoder


def frozen_for(modality: Modality) -> tuple[FrozenEncoder, ...]:
    """Those that read such examples, installed or not."""
    return tuple(encoder for encoder in FROZEN if encoder.modality is modality)


__all__ = ["FROZEN", "FrozenEncoder", "frozen_for", "frozen_named"]
