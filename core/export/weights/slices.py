"""The slices of the rows to train on: a person's groups where there are any, else the classes."""

from __future__ import annotations

import numpy as np

from core.curation import ScoreView

from .weight import WeightInputs


def group_names(view: ScoreView) -> np.ndarray | None:
    """[N] each row's group as an export writes it, "" for none; None where the data have no groups that differ."""
    if view.groups is None:
        return None
    names = np.array(["" if name is None else str(name) for name in np.asarray(view.groups, object)])
    return names if len(np.unique(names)) > 1 else None


def slice_of(inputs: WeightInputs) -> np.ndarray:
    """[n] int64 number of each row's slice, from 0."""
    names = group_names(inputs.view)
    own = inputs.labels if names is None else names[inputs.rows]
    return np.unique(own, return_inverse=True)[1].astype(np.int64)
