"""The probability of the label that a row is trained with, from what an export stores."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from core.curation import ScoreView

from .weight import WeightInputs

_LEAST = 1e-6  # a loss above -log of it tells no more


def missing_probability(view: ScoreView) -> str:
    """What the run lacks; "" where it has a score to read the probability from."""
    return "" if _plain_quality(view) or "loss" in view.scores else "It needs the score label_quality or loss."


def label_probability(inputs: WeightInputs) -> Float64[np.ndarray, " row"]:
    """[n] probability of each row's label, NaN where nobody gave one.

    Out of fold, as `label_quality` has it; where that was not computed, exp(-loss) of the models that were trained on
    the row. A corrected label has the probability of the prediction where that is the same class.
    """
    view, rows = inputs.view, inputs.rows
    given = view.scores["label_quality"].values if _plain_quality(view) else np.exp(-view.scores["loss"].values)
    same = view.labels[rows] == inputs.labels
    out = np.where(same, given[rows].astype(np.float64), np.nan)
    if view.predicted is not None and view.predicted_prob is not None:
        corrected = ~same & (view.predicted[rows] == inputs.labels)
        out[corrected] = view.predicted_prob[rows][corrected]
    return out


def label_loss(inputs: WeightInputs) -> Float64[np.ndarray, " row"]:
    """[n] its negative logarithm in nats, NaN where nobody gave one."""
    return -np.log(np.clip(label_probability(inputs), _LEAST, 1.0))


def _plain_quality(view: ScoreView) -> bool:
    """Whether the run's label quality is the probability itself and not a margin or an adjusted one."""
    if "label_quality" not in view.scores:
        return False
    said = view.scores["label_quality"].definition.get("params", {})
    return said.get("method", "self_confidence") == "self_confidence" and not said.get("adjust", False)
