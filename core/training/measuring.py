"""What a pass costs, measured on one batch of the data."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from core.models.adapter import adapt
from core.models.encoding import subset
from core.numerics.devices import choose_device
from core.types.examples import ExampleTable
from core.types.runs import TrainingSpec

from .job import wanted_image_format
from .loop import to_device


def seconds_of_batch(examples: ExampleTable, rows: np.ndarray, training: TrainingSpec, found: Any) -> float:
    """Seconds that the network takes for `rows`, encoded before; it is warmed up first.

    Raises `ModelError` where data and network do not fit.
    """
    import torch

    found.check(examples)
    image_format = wanted_image_format(examples, training, own=True)
    few = subset(examples, rows)
    encoder = found.encoder(few, np.arange(len(rows)), image_format)
    network = adapt(found, encoder.shape, examples.class_count, 0).to(choose_device(training.device)).eval()
    batch = to_device(encoder.encode(few).batch(np.arange(len(rows))), next(network.parameters()).device)
    with torch.inference_mode():
        network(batch)
        started = time.perf_counter()
        network(batch)
    return time.perf_counter() - started
