"""By the place of a row's loss between the smallest and the largest, in three shapes.

    h_i = loss scaled to [-1, 1],   w_i ~ exp(f(h_i))
    linear: f = min(h, 1/2)      quadratic: f = -h^2      extremes: f = |h|

Linear counts low losses less and gives very high ones nothing extra; quadratic counts both ends less; extremes counts
both ends more. Published per batch while training, here once over the rows to train on. No weight is more than e^1.5
times another (linear) or e times (the others). Fails: one huge loss squeezes all others together.
Sow et al. 2025.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.types.methods import Paper

from .label_probability import label_loss, missing_probability
from .weight import TrainingWeight, WeightInputs, scaled

_CAP = 0.5  # of the linear shape: above it a loss counts no further
_PAPER = Paper("Sow et al.", 2025, "Dynamic Loss-Based Sample Reweighting for Improved LLM Pretraining")


def _place(losses: np.ndarray) -> np.ndarray:
    """[n] -1 for the smallest loss, 1 for the largest, NaN stays; 0 where all are alike."""
    known = losses[np.isfinite(losses)]
    if not len(known) or known.max() == known.min():
        return np.where(np.isfinite(losses), 0.0, np.nan)
    return 2.0 * (losses - known.min()) / (known.max() - known.min()) - 1.0


def _shaped(shape: Callable[[np.ndarray], np.ndarray]) -> Callable[[WeightInputs], np.ndarray]:
    return lambda inputs: scaled(np.exp(shape(_place(label_loss(inputs)))))


DYNAMIC_LINEAR = TrainingWeight(
    name="dynamic_linear",
    title="low losses count less (linear, capped)",
    summary="Rows with a low loss count less; very high losses get nothing extra.",
    paper=_PAPER,
    weigh=_shaped(lambda h: np.minimum(h, _CAP)),
    missing=missing_probability,
)
DYNAMIC_QUADRATIC = TrainingWeight(
    name="dynamic_quadratic",
    title="middle losses count most (quadratic)",
    summary="Rows with the lowest and with the highest losses count less.",
    paper=_PAPER,
    weigh=_shaped(lambda h: -(h**2)),
    missing=missing_probability,
)
DYNAMIC_EXTREMES = TrainingWeight(
    name="dynamic_extremes",
    title="low and high losses count most (extremes)",
    summary="Rows with the lowest and with the highest losses count more.",
    paper=_PAPER,
    weigh=_shaped(np.abs),
    missing=missing_probability,
)
