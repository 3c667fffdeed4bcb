"""Keep everything: only the thresholds of the rules drop rows."""

import numpy as np

from .strategy import Selection, SelectionStrategy, StrategyInputs


def _select(inputs: StrategyInputs, params: object) -> Selection:
    return Selection(np.ones(len(inputs.candidates), bool), "threshold")


THRESHOLD = SelectionStrategy(
    name="threshold",
    title="Thresholds only",
    select=_select,
    uses_fraction=False,
    summary="Drops the rows beyond the cuts you set, and nothing else.",
)
