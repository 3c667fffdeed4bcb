"""How the network's belief in the given label grew over the epochs."""

from __future__ import annotations

import numpy as np


def training_curve(epochs: np.ndarray, p_y: np.ndarray, *, key: str, predicted: np.ndarray | None = None,
                   class_names: tuple[str, ...] = (), label: str = "", height: int = 180) -> None:
    """p_y [S, T] probability of the given label per seed (a line each), marked where another class was predicted."""
