"""How much distances between examples are worth, for the scores that are made of them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from core.types.scores import AssumptionCheck, Light


def neighbors_check(used: int, requested: int, among: str) -> AssumptionCheck:
    """Are there as many neighbors as were asked for?"""
    light = Light.GREEN if used == requested else Light.AMBER
    return AssumptionCheck(light, f"{used} of {requested} neighbors found among {among}.", "neighbors")


def contrast_check(distances: Float[np.ndarray, " row"]) -> AssumptionCheck:
    """Do distances tell examples apart? The 95th percentile over the median says."""
    median, high = np.percentile(distances, (50, 95))
    if median == 0.0:
        return AssumptionCheck(
            Light.AMBER, "More than half of the examples have an identical neighbor (distance 0).", "contrast"
        )
    ratio = float(high / median)
    text = f"The 95th percentile of the distances is {ratio:.2f} times their median; near 1 they tell little apart."
    return AssumptionCheck(
        Light.GREEN if ratio >= 1.3 else Light.AMBER if ratio >= 1.1 else Light.RED, text, "contrast"
    )
