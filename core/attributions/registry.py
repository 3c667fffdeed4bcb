"""The attribution methods. Order here is order everywhere."""

from __future__ import annotations

from core.types.examples import Modality
from core.types.registry import find

from .craft import CRAFT
from .gradient_shap import GRADIENT_SHAP
from .integrated_gradients import INTEGRATED_GRADIENTS
from .kernel_shap import KERNEL_SHAP
from .method import AttributionMethod
from .occlusion import OCCLUSION
from .own_tree_shap import OWN_TREE_SHAP
from .reagent import REAGENT
from .tree_shap import TREE_SHAP

ATTRIBUTIONS: tuple[AttributionMethod, ...] = (
    GRADIENT_SHAP,
    INTEGRATED_GRADIENTS,
    OCCLUSION,
    REAGENT,
    CRAFT,
    TREE_SHAP,
    KERNEL_SHAP,
    OWN_TREE_SHAP,
)


def attribution_named(name: str) -> AttributionMethod:
    """The method of that name; raises `CurationError` naming the known ones."""
    return find(name, ATTRIBUTIONS, "attribution method")


def methods_for(modality: Modality, network: bool, estimator: str = "") -> tuple[AttributionMethod, ...]:
    """The methods that can explain a run: does it have a network, and which estimator ("" = none)?"""
    return tuple(method for method in ATTRIBUTIONS if method.applies(modality, network, estimator))
