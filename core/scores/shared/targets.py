"""The rows that training rows are valued for: held-out ones, or, without any, the training rows themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from core.scores.method import ScoreInputs
from core.scores.shared.assumptions import fit_check, skill, training_rows_only, undefined_rows
from core.types.errors import DataError
from core.types.scores import AssumptionCheck, Light, ScoreResult

_ADVISED = 100  # held-out rows: a share of right votes among so many has a standard error of .05 at most


@dataclass(frozen=True, eq=False)
class Targets:
    """train [n] rows to value and targets [V] rows of the table that they are valued for.

    own_row [V]: the position in `train` of the row that a target is itself; None where the targets are held out.
    """

    train: Integer[np.ndarray, " row"]
    targets: Integer[np.ndarray, " target"]
    own_row: Integer[np.ndarray, " target"] | None

    @property
    def held_out(self) -> bool:
        """The targets are no training rows."""
        return self.own_row is None


def pick_targets(inputs: ScoreInputs, most: int, title: str) -> Targets:
    """The held-out rows, or each training row without any: all of them, or `most` drawn from the run's seed.

    Raises `DataError` when nobody is left to value or to value for.
    """
    train, held_out = inputs.examples.train_rows, inputs.examples.held_out_rows
    require_rows_to_value(train, held_out, title)
    pool = held_out if len(held_out) else train
    count = len(pool)
    picked = np.arange(count) if count <= most else np.sort(inputs.rng.choice(count, most, replace=False))
    return Targets(train, pool[picked], None if len(held_out) else picked)


def require_rows_to_value(
    train: Integer[np.ndarray, " row"], held_out: Integer[np.ndarray, " target"], title: str
) -> None:
    """Raise `DataError` when there are no rows to value, or no targets."""
    if len(train) < 1 + (len(held_out) == 0):
        raise DataError(
            f"{title} needs labeled training rows to value and targets to value them for.",
            "Give two or more labeled rows.",
        )


def valued_rows(
    inputs: ScoreInputs,
    chosen: Targets,
    values: Float[np.ndarray, " row"],
    accuracy: float,
    k: int,
    *,
    meta: dict[str, Any] | None = None,
    more_checks: tuple[AssumptionCheck, ...] = (),
) -> ScoreResult:
    """The result for `values` [n] of the training rows; the other rows are NaN with their reason.

    accuracy: share of the targets whose label wins the vote of their k nearest training rows.
    """
    out = np.full(len(inputs.examples), np.nan, dtype=np.float32)
    out[chosen.train] = values
    checks = (
        valued_for_check(chosen.held_out, len(chosen.targets)),
        _class_size_check(k, inputs.labels[chosen.train]),
        fit_check(accuracy, inputs.labels, f"The {k} nearest neighbors"),
        *more_checks,
    )
    about = {
        "targets": len(chosen.targets),
        "targets_are": "held-out rows" if chosen.held_out else "training rows",
        "neighbor_accuracy": accuracy,
        "embedding": inputs.evidence.embedding_name,
    }
    return ScoreResult(
        out,
        undefined=undefined_rows(training_rows_only(inputs.examples))[1],
        checks=checks,
        skill=skill(accuracy, inputs.labels),
        meta={**about, **(meta or {})},
    )


def valued_for_check(held_out: bool, count: int) -> AssumptionCheck:
    """What rows are valued for: held-out ones, or training rows with their wrong labels."""
    return target_check(held_out, count, "valued for", "training rows", " Each is left out of its own ranking.")


def target_check(held_out: bool, count: int, how: str, otherwise: str, more: str = "") -> AssumptionCheck:
    """Are there enough targets, and do their labels not carry the noise that is looked for?

    how: "judged by", "valued for". otherwise: which rows stand in for held-out ones; more: a sentence about these.
    """
    if held_out:
        light = Light.GREEN if count >= _ADVISED else Light.AMBER
        return AssumptionCheck(light, f"{how.capitalize()} {count} held-out rows.", "targets")
    text = f"No held-out rows: {how} {count} {otherwise}, which carry the same label noise.{more}"
    return AssumptionCheck(Light.AMBER, text, "targets")


def _class_size_check(k: int, labels: Integer[np.ndarray, " row"]) -> AssumptionCheck:
    """Has each class as many rows as neighbors are asked?"""
    smallest = int(np.unique(labels, return_counts=True)[1].min())
    light = Light.GREEN if smallest >= k else Light.AMBER
    return AssumptionCheck(
        light, f"The smallest class has {smallest} training rows; {k} neighbors are asked.", "class size"
    )


def vote_hits(near: Integer[np.ndarray, "target neighbor"], labels: Integer[np.ndarray, " target"]) -> float:
    """How many rows of `near` [v, k] have their label of `labels` [v] as the most frequent (ties to the lower one)."""
    classes = int(max(near.max(initial=0), labels.max(initial=0))) + 1
    cells = np.arange(len(near))[:, None] * classes + near
    votes = np.bincount(cells.ravel(), minlength=len(near) * classes).reshape(len(near), classes)
    return float((votes.argmax(axis=1) == labels).sum())
