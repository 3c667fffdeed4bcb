"""Trees inside an estimator of a stranger's file: scikit-learn follows their indices without looking at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from core.types.errors import ModelError

from .tree_checks import check_features, check_tree

_DEEPEST = 24  # of estimators inside estimators and lists


def check_fitted_trees(name: str, estimator: Any) -> None:
    """Raise `ModelError` for a tree, anywhere inside, whose nodes or columns are not its own."""
    for number, part in enumerate(_inside(estimator, 0, set())):
        where = f"{name}: part {number}, a {type(part).__name__}"
        if type(part).__name__ == "Tree":
            left, right = part.children_left.tolist(), part.children_right.tolist()
            check_tree(where, left, right, int(part.node_count), leaves_apart=False)
        elif type(part).__name__ == "TreePredictor":
            _check_predictor(where, part)
        elif hasattr(part, "n_features_in_"):
            _check_columns(where, part)


def _check_columns(where: str, estimator: Any) -> None:
    """An ensemble gives its trees the columns that it was given, and they look for theirs there."""
    count = int(estimator.n_features_in_)
    for tree in (one for one in (estimator, *_flat(getattr(estimator, "estimators_", ()))) if hasattr(one, "tree_")):
        check_features(where, tree.tree_.feature[tree.tree_.children_left >= 0], count)
    for predictor in _flat(getattr(estimator, "_predictors", ())):
        nodes = predictor.nodes[~predictor.nodes["is_leaf"].astype(bool)]
        binned = len(estimator._bin_mapper.bin_thresholds_)
        check_features(where, nodes["feature_idx"].astype(np.int64).tolist(), min(count, binned))


def _flat(ensemble: Any) -> list[Any]:
    """Its members, whatever lists or arrays they stand in."""
    if isinstance(ensemble, np.ndarray):
        return list(ensemble.ravel())
    return [one for part in ensemble for one in (part if isinstance(part, list | tuple) else [part])]


def _inside(value: Any, depth: int, seen: set[int]) -> Iterator[Any]:
    """The value and whatever of scikit-learn it holds."""
    if depth > _DEEPEST:
        raise ModelError("Its estimators are nested deeper than any that are made.", "Save the model again.")
    if id(value) in seen:
        return
    if isinstance(value, dict):
        held: Any = value.values()
    elif isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.dtype == object):
        held = list(np.asarray(value, dtype=object).ravel()) if isinstance(value, np.ndarray) else value
    elif type(value).__module__.startswith("sklearn."):
        seen.add(id(value))
        yield value
        held = getattr(value, "__dict__", {}).values()
    else:
        return
    for one in held:
        yield from _inside(one, depth + 1, seen)


def _check_predictor(where: str, predictor: Any) -> None:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)).tolist() for side in ("left", "right"))
    check_tree(where, left, right, len(nodes), leaves_apart=False)
    sets = nodes["bitset_idx"][~leaf & nodes["is_categorical"].astype(bool)].astype(np.int64)
    most = min(len(predictor.raw_left_cat_bitsets), len(predictor.binned_left_cat_bitsets))
    check_features(f"{where}: sets of categories", sets.tolist(), most)
