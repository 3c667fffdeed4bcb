"""Confident learning by cleanlab: which labels it would flag, and how given and true labels go together.

    candidates of a row: classes j with p_j >= t_j - 1e-6, t_j the mean of p_j over the rows labeled j
    counts[i, j]: rows labeled i whose candidate (the most probable class, of several) is j; diagonal 1 or more
    joint: counts with each row scaled to the number of rows given that label, all summing to 1

The share off the diagonal of `joint` is the noise rate. All of it is an estimate with the models' accuracy in it.
Northcutt, Jiang & Chuang, JAIR 2021.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer

FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
_SHOWN_CLASSES = 30  # a larger table is none for people
_SHOWN_PAIRS = 10  # of classes that are mixed up; a longer list is none for people


@dataclass(frozen=True, eq=False)
class ConfidentJoint:
    """flagged bool [N]; int64 [C, C] counts, and calibrated to the rows of each label; joint float64, summing to 1."""

    flagged: Bool[np.ndarray, " row"]
    counts: Integer[np.ndarray, "class class"]
    calibrated: Integer[np.ndarray, "class class"]
    joint: Float[np.ndarray, "class class"]

    @property
    def noise_rate(self) -> float:
        """Estimated share of the labels that are wrong."""
        return float(1.0 - np.trace(self.joint))

    @property
    def noise_by_class(self) -> Float64[np.ndarray, " class"]:
        """[C] estimated share of the rows given this label that belong elsewhere; NaN for a label without rows."""
        by_label = self.joint.sum(axis=1)
        return np.divide(
            by_label - np.diag(self.joint), by_label, out=np.full(len(by_label), np.nan), where=by_label > 0
        )

    def about(self, names: Sequence[str], rows: int) -> dict[str, Any]:
        """The same as JSON values: rates by class name, the pairs most mixed up, small tables whole."""
        by_class = {str(names[c]): round(float(v), 4) for c, v in enumerate(self.noise_by_class) if np.isfinite(v)}
        values: dict[str, Any] = {"noise_rate": self.noise_rate, "most_mixed_up": self._pairs(names, rows)}
        if len(self.joint) <= _SHOWN_CLASSES:
            values |= {"confident_counts": self.counts.tolist(), "confident_joint": self.calibrated.tolist()}
        return {**values, "noise_by_class": by_class}

    def _pairs(self, names: Sequence[str], rows: int) -> list[list[Any]]:
        """[given, probably, estimated rows], the most frequent first."""
        off = self.joint - np.diag(np.diag(self.joint))
        order = np.argsort(-off, axis=None, kind="stable")[:_SHOWN_PAIRS]
        places = [np.unravel_index(k, off.shape) for k in order]
        return [[str(names[i]), str(names[j]), round(float(off[i, j]) * rows, 1)] for i, j in places if off[i, j] > 0]


def confident_joint(
    labels: Integer[np.ndarray, " row"], probabilities: Float[np.ndarray, "row class"], by: str = FILTERS[0]
) -> ConfidentJoint:
    """Of labels [N] (two classes or more) and out-of-sample probabilities [N, C]; `by`: the filter that flags."""
    from cleanlab.count import compute_confident_joint, estimate_joint
    from cleanlab.filter import find_label_issues

    with warnings.catch_warnings():  # about classes with one row: said by the check on classes
        warnings.filterwarnings("ignore", message="May not flag all label issues", category=UserWarning)
        counts = compute_confident_joint(labels, probabilities, calibrate=False)
        calibrated = compute_confident_joint(labels, probabilities, calibrate=True)
        joint = estimate_joint(labels, probabilities, confident_joint=counts)
        flagged = find_label_issues(labels, probabilities, filter_by=by, n_jobs=1)
    counts, calibrated = (np.asarray(table, np.int64) for table in (counts, calibrated))
    return ConfidentJoint(np.asarray(flagged, bool), counts, calibrated, np.asarray(joint, np.float64))
