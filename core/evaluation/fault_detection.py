"""How well scores find known faults (METHODS: How scores are judged): AUROC, average precision, precision at k."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.curation import ScoreView
from core.types.errors import DataError
from core.types.methods import Goal


def evaluate_scores(view: ScoreView, composite: np.ndarray, is_fault: np.ndarray) -> dict[str, Any]:
    """{"scores": {name: figures}, "composite": figures, "rows", "faults"} over the training rows.

    composite [N]: high = suspect (find_noise); is_fault [N] bool. figures: auroc, average_precision, precision_at_k
    (k = number of faults), n, n_faults, undefined (rows without the score, left out), side ("highest" | "lowest" =
    suspect), oriented_by ("find_noise", or "inspect_first" where the score takes no side on noise). Held-out rows stay
    out: a score that saw them less would rank them by that. Raises `DataError` without both faults and sound rows.
    """
    rows = np.flatnonzero(~view.held_out)
    fault = np.asarray(is_fault, bool)[rows]
    if not fault.any() or fault.all():
        raise DataError(
            f"The key knows {int(fault.sum())} faults among {len(rows)} training rows of this run.",
            "Both faults and sound rows are needed: does the key's example_id match this dataset's ids?",
        )
    table = {}
    for name, column in view.scores.items():
        sign = int(column.orientation.get(Goal.FIND_NOISE.value, 0))
        side = sign or (-1 if column.inspect_first == "lowest" else 1)
        table[name] = figures(side * column.values[rows].astype(np.float64), fault) | {
            "side": "highest" if side > 0 else "lowest",
            "oriented_by": "find_noise" if sign else "inspect_first",
        }
    whole = figures(np.asarray(composite, np.float64)[rows], fault)
    return {"scores": table, "composite": whole, "rows": len(rows), "faults": int(fault.sum())}


def figures(suspicion: np.ndarray, fault: np.ndarray) -> dict[str, Any]:
    """Figures of one ranking; high suspicion = fault expected. NaN rows are left out and counted."""
    there = np.isfinite(suspicion)
    value, truth = suspicion[there], fault[there]
    out: dict[str, Any] = {"n": len(value), "n_faults": int(truth.sum()), "undefined": int((~there).sum())}
    if not truth.any() or truth.all():
        return out | {"auroc": None, "average_precision": None, "precision_at_k": None}
    return out | {
        "auroc": auroc(value, truth),
        "average_precision": average_precision(value, truth),
        "precision_at_k": precision_at_k(value, truth, int(truth.sum())),
    }


def auroc(value: np.ndarray, truth: np.ndarray) -> float:
    """Chance that a fault scores higher than a sound row, ties counting half (Mann-Whitney). 0..1."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, value))


def average_precision(value: np.ndarray, truth: np.ndarray) -> float:
    """Mean precision at each recall step; equal values form one step. 0..1, base rate = share of faults."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(truth, value))


def precision_at_k(value: np.ndarray, truth: np.ndarray, k: int) -> float:
    """Share of faults among the k highest; where the k-th place is tied, the share expected of a random order."""
    border = np.partition(value, len(value) - k)[len(value) - k]
    above, tied = value > border, value == border
    expected = truth[tied].mean() * (k - int(above.sum()))
    return float((truth[above].sum() + expected) / k)
