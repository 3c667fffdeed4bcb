"""What an embedding of the inputs, a projection to the screen and a clustering are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.types.examples import ExampleTable, Modality
from core.types.methods import Method
from core.types.progress import Progress


@dataclass(frozen=True, kw_only=True)
class InputEmbedding(Method):
    """A label-free vector per example, computed from the inputs alone.

    embed(examples, seed, progress) -> float32 [N, d]; the same numbers for the same seed on one machine.
    """

    modality: Modality
    embed: Callable[[ExampleTable, int, Progress], np.ndarray] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Projection(Method):
    """Two coordinates per example, to be looked at and never to be measured on.

    project(vectors float32 [N, d], params, seed, progress) -> float32 [N, 2].
    cost: how the work grows, in words.
    """

    project: Callable[[np.ndarray, Any, int, Progress], np.ndarray] = field(repr=False)
    cost: str = ""


@dataclass(frozen=True, kw_only=True)
class Clustering(Method):
    """One group per example.

    cluster(vectors float32 [N, d], params, seed) -> int32 [N]; clusters are numbered from the largest, -1 = in none.
    """

    cluster: Callable[[np.ndarray, Any, int], np.ndarray] = field(repr=False)
