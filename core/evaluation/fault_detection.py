"""How well scores find known faults (METHODS 11.1): AUROC, average precision, precision at k."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.curation import ScoreView, goal_rules, rank_rows
from core.types.curation import Rules
from core.types.errors import DataError
from core.types.methods import Goal
from core.types.scores import average_rank


def read_key(path: Path) -> dict[str, bool]:
    """id -> is it a fault, from a CSV with the columns `example_id,is_fault` (0 / 1). Raises `DataError`."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"The answer key {path} cannot be read: {error}.", "Give a CSV with example_id and is_fault.") from None
    if not rows or "example_id" not in rows[0] or "is_fault" not in rows[0]:
        raise DataError(f"{path} is no answer key.", "It needs the columns example_id and is_fault (0 or 1), and rows.")
    return {row["example_id"]: _flag(row["is_fault"], number, path) for number, row in enumerate(rows)}


def _flag(text: str | None, number: int, path: Path) -> bool:
    known = {"1": True, "0": False, "true": True, "false": False}
    flag = known.get((text or "").strip().lower())
    if flag is None:
        raise DataError(f"Row {number} of {path}: is_fault is {text!r}.", "Write 1 for a fault and 0 for none.")
    return flag


def evaluate_scores(view: ScoreView, key: Mapping[str, bool], rules: Rules | None = None) -> dict[str, Any]:
    """{"scores": {name: figures}, "composite": figures, ...} over the training rows that the key knows.

    figures: auroc, average_precision, precision_at_k (k = number of faults), n, n_faults, undefined (rows without the
    score, left out), side ("highest" | "lowest" = suspect), oriented_by ("find_noise", or "inspect_first" where the
    score takes no side on noise). A key that lists faults alone means that all other rows are none. Raises `DataError`
    when the key and the run share no fault or nothing but faults.
    """
    rows, fault = _known_rows(view, key)
    rules = rules or goal_rules(view, Goal.FIND_NOISE.value)
    table = {}
    for name, column in view.scores.items():
        sign = int(column.orientation.get(Goal.FIND_NOISE.value, 0))
        side = sign or (-1 if column.inspect_first == "lowest" else 1)
        table[name] = figures(side * column.values[rows].astype(np.float64), fault) | {
            "side": "highest" if side > 0 else "lowest", "oriented_by": "find_noise" if sign else "inspect_first"}
    composite = figures(-rank_rows(view, rules).priority[rows].astype(np.float64), fault)
    return {"scores": table, "composite": composite | {"goal": rules.goal}, "rows": len(rows), "faults": int(fault.sum())}


def _known_rows(view: ScoreView, key: Mapping[str, bool]) -> tuple[np.ndarray, np.ndarray]:
    only_faults = all(key.values())
    known = np.array([only_faults or str(k) in key for k in view.ids.tolist()], bool) & ~view.held_out
    rows = np.flatnonzero(known)
    fault = np.array([bool(key.get(str(view.ids[r]), False)) for r in rows], bool)
    if not fault.any() or fault.all():
        raise DataError(f"The key knows {int(fault.sum())} faults among {len(rows)} training rows of this run.",
                        "Both faults and sound rows are needed: does the key's example_id match this dataset's ids?")
    return rows, fault


def figures(suspicion: np.ndarray, fault: np.ndarray) -> dict[str, Any]:
    """Figures of one ranking; high suspicion = fault expected. NaN rows are left out and counted."""
    there = np.isfinite(suspicion)
    value, truth = suspicion[there], fault[there]
    out: dict[str, Any] = {"n": len(value), "n_faults": int(truth.sum()), "undefined": int((~there).sum())}
    if not truth.any() or truth.all():
        return out | {"auroc": None, "average_precision": None, "precision_at_k": None}
    return out | {"auroc": auroc(value, truth), "average_precision": average_precision(value, truth),
                  "precision_at_k": precision_at_k(value, truth, int(truth.sum()))}


def auroc(value: np.ndarray, truth: np.ndarray) -> float:
    """Chance that a fault scores higher than a sound row, ties counting half (Mann-Whitney). 0..1."""
    positive = int(truth.sum())
    negative = len(truth) - positive
    ranks = average_rank(value)
    return float((ranks[truth].sum() - positive * (positive + 1) / 2.0) / (positive * negative))


def average_precision(value: np.ndarray, truth: np.ndarray) -> float:
    """Mean precision at each recall step; equal values form one step. 0..1, base rate = share of faults."""
    levels, place = np.unique(-value, return_inverse=True)
    hits = np.cumsum(np.bincount(place, truth, minlength=len(levels)))
    seen = np.cumsum(np.bincount(place, minlength=len(levels)))
    gained = np.diff(hits, prepend=0.0)
    return float((gained * hits / seen).sum() / truth.sum())


def precision_at_k(value: np.ndarray, truth: np.ndarray, k: int) -> float:
    """Share of faults among the k highest; where the k-th place is tied, the share expected of a random order."""
    border = np.partition(value, len(value) - k)[len(value) - k]
    above, tied = value > border, value == border
    expected = truth[tied].mean() * (k - int(above.sum()))
    return float((truth[above].sum() + expected) / k)
