"""Dynamic gradient alignment, one step: slices whose training lowers the held-out loss count more.

    w_i = exp(g_k / max |g|),   g_k: mean over the slice k of i of <gradient of the row, gradient of the held-out rows>

The slices are the groups of the data, or its classes. The inner products are those of the score `tracin`, to
first order and of the last layer; published, the step is repeated while training. No slice counts more than e^2 times
another; where all g are 0, all count alike. Fails: the held-out rows must be of the kind that is wanted. Fan et al.
2024.
"""

from __future__ import annotations

import numpy as np

from core.curation import ScoreView
from core.types.methods import Paper

from .slices import slice_of
from .weight import TrainingWeight, WeightInputs, scaled


def _missing(view: ScoreView) -> str:
    return "" if "tracin" in view.scores else "It needs the score tracin."


def _weigh(inputs: WeightInputs) -> np.ndarray:
    own, values = slice_of(inputs), inputs.view.scores["tracin"].values[inputs.rows].astype(np.float64)
    known = np.isfinite(values)
    count = np.bincount(own[known], minlength=own.max() + 1)
    total = np.bincount(own[known], values[known], minlength=own.max() + 1)
    aligned = np.divide(total, count, out=np.zeros(len(count)), where=count > 0)
    largest = np.abs(aligned).max()
    return scaled(np.exp(aligned / largest)[own] if largest > 0 else np.ones(len(own)))


DGA = TrainingWeight(
    name="dga",
    title="slices that help the held-out rows count more",
    summary="Groups (or classes) whose gradients point where the held-out rows' do count more.",
    paper=Paper("Fan, Grangier & Ablin", 2024, "Dynamic Gradient Alignment for Online Data Mixing"),
    weigh=_weigh,
    missing=_missing,
)
