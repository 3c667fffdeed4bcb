"""How much each column adds to the margins of boosted trees, as their own library takes them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Shares:
    """values of a row and class sum to outputs - base. names: of the columns, in the model's order. Unit: log-odds."""

    values: Float[np.ndarray, "row class column"]
    base: Float[np.ndarray, "row class"]
    outputs: Float[np.ndarray, "row class"]
    names: tuple[str, ...]


def shares_of(contributions: np.ndarray, margins: np.ndarray, names: tuple[str, ...]) -> Shares:
    """Of contributions [n, K, d + 1], the last one what no column adds, and margins [n, K].

    K = 1 for two classes: the first speaks against the second with the same numbers.
    """
    parts, outputs = np.asarray(contributions, np.float64), np.asarray(margins, np.float64)
    if outputs.shape[1] == 1:
        parts, outputs = np.concatenate([-parts, parts], axis=1), np.concatenate([-outputs, outputs], axis=1)
    return Shares(parts[:, :, :-1], parts[:, :, -1], outputs, names)
