"""By how frequent the kind of input is: rows of small clusters count more.

    w_i ~ (eta + (1 - p_i)^gamma) / (eta + 1),   p_i: share of all examples in the cluster of i, eta = 1, gamma = 5

from the score `cluster_rarity`. Never more than twice another. Fails like the clusters: outliers and noise are
small clusters, too. Shrivastava et al. 2023 (DatasetEquity).
"""

from __future__ import annotations

import numpy as np

from core.curation import ScoreView
from core.scores import score_named
from core.scores.shared.centers import equity_weight

from .weight import TrainingWeight, WeightInputs, scaled


def _missing(view: ScoreView) -> str:
    return "" if "cluster_rarity" in view.scores else "It needs the score cluster_rarity."


def _weigh(inputs: WeightInputs) -> np.ndarray:
    score = inputs.view.scores["cluster_rarity"]
    values = score.values[inputs.rows].astype(np.float64)
    weight = score.definition.get("params", {}).get("given_as") == "weight"
    return scaled(values if weight else equity_weight(1.0 - values))


EQUITY = TrainingWeight(
    name="equity",
    title="rare kinds of input count more",
    summary="Rows of small clusters count up to twice as much as rows of large ones.",
    paper=score_named("cluster_rarity").paper,
    weigh=_weigh,
    missing=_missing,
)
