"""How large a network is, told by its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_COUNTERS = ("num_batches_tracked", "running_mean", "running_var")  # what a layer keeps beside its weights


def parameters_of(state: Mapping[str, Any]) -> tuple[int, int]:
    """(layers with weights, numbers in them) of a state_dict."""
    weights = {key: value for key, value in state.items() if not key.endswith(_COUNTERS)}
    layers = {key.rpartition(".")[0] for key in weights if getattr(weights[key], "ndim", 0)}
    return len(layers), sum(int(value.numel()) for value in weights.values())
