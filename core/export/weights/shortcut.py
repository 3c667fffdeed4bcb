"""Against shortcuts: rows whose group alone gives the label away count little.

    w_i ~ 1 - p_i,   p_i = (n_gy - 1 + n_y / n) / (n_g)

the probability that a model which sees nothing but the row's group (source, annotator, site) gives its label: the
frequency of the label among the other rows of the group, with the classes' own frequencies as one more row. Fails where
the group is the class by nature: all rows count alike then. Transfer of bias-only reweighting; the transfer is ours.
"""

from __future__ import annotations

import numpy as np

from core.curation import ScoreView

from .slices import group_names, slice_of
from .weight import TrainingWeight, WeightInputs, scaled


def _missing(view: ScoreView) -> str:
    return "" if group_names(view) is not None else "It needs groups of the rows: their source, annotator or site."


def _weigh(inputs: WeightInputs) -> np.ndarray:
    group = slice_of(inputs)
    pair = np.unique(np.stack([group, inputs.labels]), axis=1, return_inverse=True)[1].reshape(-1)
    alike, size = np.bincount(pair)[pair], np.bincount(group)[group]
    return scaled(1.0 - (alike - 1 + inputs.class_sizes() / len(pair)) / size)


SHORTCUT = TrainingWeight(
    name="shortcut",
    title="what the group gives away counts little",
    summary="Rows whose label can be told from their group (source, annotator, site) alone count little.",
    weigh=_weigh,
    missing=_missing,
)
