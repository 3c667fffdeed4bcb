"""Tree SHAP of trees that a person brought: their own library takes the margin apart, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types.attributions import Attribution
from core.types.examples import Modality

from .method import AttributionMethod, Explained, additivity_gap, target_param
from .tree_shap import TREE_SHAP


@dataclass(frozen=True)
class OwnTreeShapParams:
    """Settings of tree SHAP of brought trees."""

    target: str = target_param()


def explain_own_trees(about: Explained, params: OwnTreeShapParams) -> Attribution:
    """Exact Shapley values [d] of one row's margin, in log-odds; above 0 speaks for the class.

    A missing column is filled as often as the training rows took each branch (path dependent), so that correlated
    columns borrow credit from each other. values sum to margin - base; `gap` shows rounding to float32 only.
    `about.model` is the `Shares` of the example. Raises `CurationError` for a class that is not there.
    """
    shares = about.model
    target = about.target(shares.outputs[0], params.target)
    values, base, output = shares.values[0, target], float(shares.base[0, target]), float(shares.outputs[0, target])
    return Attribution(
        OWN_TREE_SHAP.name,
        about.class_names[target],
        values.astype(np.float32),
        about.parts.names,
        base,
        output,
        additivity_gap(values, base, output),
        "logit",
        ("Compared with the branches that the rows took on which the trees were trained.",),
    )


OWN_TREE_SHAP = AttributionMethod(
    name="own_tree_shap",
    title="Tree SHAP of your trees",
    summary="Exact Shapley values of each column, for the boosted trees that were brought.",
    paper=TREE_SHAP.paper,
    params=OwnTreeShapParams,
    compute=explain_own_trees,
    modalities=(Modality.TABLE,),
    for_brought=True,
)
