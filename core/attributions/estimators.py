"""The scikit-learn side of an attribution, and quiet loading of shap."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from core.types.errors import ModelError


def estimator_outputs(model: Any, rows: Any) -> tuple[np.ndarray, str]:
    """(float64 [n, C], unit): log-odds or decision values where the estimator has them, else probabilities.

    With two classes the log-odds of the first are those of the second with the sign turned. Raises `ModelError` for an
    estimator that has neither.
    """
    if hasattr(model, "decision_function"):
        values = np.asarray(model.decision_function(rows), dtype=np.float64)
        return (np.stack([-values, values], axis=1) if values.ndim == 1 else values), "logit"
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(rows), dtype=np.float64), "probability"
    raise ModelError(
        f"{type(model).__name__} gives neither decision values nor probabilities.", "Use another classifier."
    )


def dense(rows: Any) -> np.ndarray:
    """float64 [n, d] of an array or sparse rows."""
    return np.asarray(rows.todense() if hasattr(rows, "todense") else rows, dtype=np.float64)


def taught_shuffled_labels(model: Any, rows: Any, labels: np.ndarray, count: int) -> tuple[Any, ...]:
    """Copies of an estimator fitted to these rows with their labels shuffled: they know nothing about the classes.

    Unlabeled rows (-1) are left out. A copy that lacks a class of the original is left out, too.
    """
    from sklearn.base import clone

    labeled = np.flatnonzero(labels >= 0)
    made = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # noise is hard to fit: that a solver stopped early does not matter here
        for number in range(count):
            shuffled = np.random.default_rng(number).permutation(labels[labeled])
            made.append(clone(model).fit(rows[labeled], shuffled))
    return tuple(copy for copy in made if np.array_equal(copy.classes_, model.classes_))


def import_shap() -> Any:
    """The shap package; what its import says about matplotlib and numba is not for the people who use ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap
    return shap
