"""Tree SHAP: exact Shapley values of trees and forests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.types.attributions import Attribution
from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.methods import Paper
from core.types.params import param

from .estimators import dense, estimator_outputs, import_shap
from .method import TREE_MODELS, AttributionMethod, Explained, additivity_gap, target_param

INTERVENTIONAL, PATH_DEPENDENT = "interventional", "path_dependent"


@dataclass(frozen=True)
class TreeShapParams:
    """Settings of tree SHAP."""

    target: str = target_param()
    background: str = param(
        INTERVENTIONAL,
        label="Missing columns",
        choices=(INTERVENTIONAL, PATH_DEPENDENT),
        help="interventional: filled from random training rows; path_dependent: as often as the "
        "training rows took each branch.",
    )


def explain_by_tree_shap(about: Explained, params: TreeShapParams) -> Attribution:
    """Exact Shapley values over the encoded columns, those of one original column added up.

    values sum to f(x) - base; `gap` shows rounding only. Unit: log-odds for boosting, probability for forests.
    Raises `ModelError` for models that are not trees. Correlated columns share or lose credit (interventional) or
    borrow it (path_dependent).
    """
    if type(about.model).__name__ not in TREE_MODELS:
        raise ModelError(f"Tree SHAP cannot read a {type(about.model).__name__}.", "Use kernel SHAP for it.")
    example = dense(about.example)
    outputs, unit = estimator_outputs(about.model, example)
    target = about.target(outputs[0], params.target)
    values, base = _shapley(about, example, params.background, target)
    folded = about.parts.fold(values)
    output = float(outputs[0, target])
    rows = f"{about.background.shape[0]} random training rows"
    words = rows if params.background == INTERVENTIONAL else "the branches that training rows took"
    return Attribution(
        TREE_SHAP.name,
        about.class_names[target],
        folded.astype(np.float32),
        about.parts.names,
        base,
        output,
        additivity_gap(folded, base, output),
        unit,
        (f"Compared with {words}.",),
    )


def _shapley(about: Explained, example: np.ndarray, mode: str, target: int) -> tuple[np.ndarray, float]:
    if mode not in about.memory:
        about.memory[mode] = _explainer(about, mode)
    explainer = about.memory[mode]
    values = np.asarray(explainer.shap_values(example, check_additivity=False), dtype=np.float64)[0]
    return _of_class(values, np.atleast_1d(explainer.expected_value), target)


def _explainer(about: Explained, mode: str) -> Any:
    shap = import_shap()
    if mode == INTERVENTIONAL:
        return shap.TreeExplainer(about.model, data=dense(about.background), feature_perturbation=mode)
    return shap.TreeExplainer(about.model, feature_perturbation="tree_path_dependent")


def _of_class(values: np.ndarray, base: Any, target: int) -> tuple[np.ndarray, float]:
    """[d] of the target; with two classes boosting has one output, that of the second."""
    if values.ndim == 1:
        sign = 1 if target == 1 else -1
        return sign * values, float(sign * base[-1])
    return values[:, target], float(base[target])


TREE_SHAP = AttributionMethod(
    name="tree_shap",
    title="Tree SHAP",
    summary="Exact Shapley values of each column, for trees, forests and boosting.",
    paper=Paper(
        "Lundberg, Erion, Chen, DeGrave, et al.",
        2020,
        "From local explanations to global understanding with explainable AI for trees",
        "https://arxiv.org/abs/1905.04610",
    ),
    params=TreeShapParams,
    compute=explain_by_tree_shap,
    modalities=(Modality.TABLE,),
    for_sklearn=True,
    trees_only=True,
)
