"""Which of the costly signals a person's own network can give, tried on two rows before the pass over all."""

from __future__ import annotations

import numpy as np

from core.models.encoding import Encoded
from core.models.network import Network
from core.types.errors import CurationError, in_words
from core.types.progress import SilentProgress
from core.types.signals import Signal

from .passes import PassOutputs, run_pass
from .rows import ArrayRows, span

_TRIED = {
    Signal.GRADIENT_NORM: "Gradients of this network cannot be taken one example at a time",
    Signal.INPUT_GRADIENT_SPREAD: "The outputs of this network cannot be differentiated by its inputs",
}

COSTLY = frozenset(_TRIED)  # what may fail of a network whose logits and features can be had


def refused_signals(
    network: Network, encoded: Encoded, labels: np.ndarray, signals: frozenset[Signal]
) -> dict[str, str]:
    """signal -> why not, for those of `signals` that this network cannot give; the network is left as it was."""
    few = min(2, len(encoded))
    rows, refused = ArrayRows(span(encoded, 0, few)), {}
    for signal, words in _TRIED.items():
        if signal in signals:
            try:
                with in_words(words):
                    run_pass(
                        network,
                        rows,
                        labels[:few],
                        frozenset({signal}),
                        progress=SilentProgress(),
                        into=PassOutputs(input_gradients=lambda *_: None),
                    )
            except CurationError as error:
                said = str(error)
                refused[signal.value] = said if said.startswith(words) else f"{words}: {said}"
    return refused
