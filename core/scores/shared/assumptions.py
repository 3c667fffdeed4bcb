"""The lights beside a score, each with its number, and how much the evidence behind a score is worth."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Integer

from core.types.examples import UNLABELED, ExampleTable, Split
from core.types.ranks import spearman
from core.types.scores import AssumptionCheck, Light, ScoreResult

UNLABELED_ROW = "unlabeled row"
_AGREEMENT_ROWS = 20_000  # a rank correlation from this many rows is known to within 0.01


def skill(accuracy: float, labels: Integer[np.ndarray, " row"]) -> float:
    """Accuracy above guessing labels by their frequency, as Cohen's kappa: 0 (chance) .. 1 (every label).

    Not above the most frequent label: where one class has 80 % of the rows, good evidence beats that by little.
    """
    known = labels[labels != UNLABELED]
    chance = float(((np.bincount(known) / len(known)) ** 2).sum()) if len(known) else 1.0
    return float(np.clip((accuracy - chance) / (1.0 - chance), 0.0, 1.0)) if chance < 1.0 else 0.0


def chance_of(labels: Integer[np.ndarray, " row"]) -> float:
    """Share of the most frequent label among the labeled rows; 1.0 when there are none."""
    known = labels[labels != UNLABELED]
    return float(np.bincount(known).max() / len(known)) if len(known) else 1.0


def seed_agreement(per_seed: Float[np.ndarray, "seed row"]) -> float | None:
    """Mean rank correlation over pairs of seeds of `per_seed` [S, N]; None with one seed."""
    if len(per_seed) < 2:
        return None
    step = max(1, per_seed.shape[1] // _AGREEMENT_ROWS)
    return float(np.mean([spearman(a, b) for a, b in combinations(per_seed[:, ::step], 2)]))


def agreement_check(per_seed: Float[np.ndarray, "seed row"], what: str = "seeds") -> AssumptionCheck:
    """Do the seeds (folds, starts: named by `what`) order the examples alike?"""
    agreement = seed_agreement(per_seed)
    if agreement is None:
        text = f"1 {what[:-1]}: nothing shows how stable this order is. Two or more are advised."
        return AssumptionCheck(Light.AMBER, text, what)
    light = Light.GREEN if agreement >= 0.8 else Light.AMBER if agreement >= 0.5 else Light.RED
    text = f"{len(per_seed)} {what} agree on the order with a rank correlation of {agreement:.2f}."
    return AssumptionCheck(light, text, what)


def fit_check(
    accuracy: float, labels: Integer[np.ndarray, " row"], what: str = "The networks", at_end: float | None = None
) -> AssumptionCheck:
    """Did the evidence learn anything? `accuracy` against guessing the most frequent label, below which nothing counts.

    at_end: accuracy of the last epoch, where `accuracy` is one over earlier epochs, which need not be above guessing.
    """
    chance = chance_of(labels)
    worth = skill(accuracy, labels)
    below = (accuracy if at_end is None else at_end) < chance
    light = Light.RED if below or worth < 0.1 else Light.GREEN if worth >= 0.3 else Light.AMBER
    return AssumptionCheck(
        light,
        f"{what} give the given label to {accuracy:.1%} of the rows; always guessing the most "
        f"frequent label gives {chance:.1%}.",
        "fit",
    )


def epochs_check(count: int, least: int = 5) -> AssumptionCheck:
    """Scores over training want several epochs."""
    light = Light.GREEN if count >= least else Light.AMBER if count >= 3 else Light.RED
    return AssumptionCheck(light, f"{count} epoch{'s' * (count != 1)} recorded; {least} or more are advised.", "epochs")


def tie_share(values: Float[np.ndarray, " row"]) -> float:
    """Share of the finite values that equal another one."""
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return 0.0
    counts = np.unique(finite, return_counts=True)[1]
    return float(counts[counts > 1].sum() / len(finite))


def unlabeled(examples: ExampleTable) -> Bool[np.ndarray, " example"]:
    """[N] bool: rows without a given label."""
    return examples.labels == UNLABELED


def without_label(examples: ExampleTable) -> dict[str, Bool[np.ndarray, " example"]]:
    """reason -> bool [N], for a score that compares with the given label."""
    return {UNLABELED_ROW: unlabeled(examples)}


def training_rows_only(examples: ExampleTable) -> dict[str, Bool[np.ndarray, " example"]]:
    """reason -> bool [N], for a score that values training rows alone: why the others have no value."""
    return {**without_label(examples), "held-out row": examples.splits != Split.TRAIN}


def undefined_rows(
    reasons: Mapping[str, Bool[np.ndarray, " example"]],
) -> tuple[Bool[np.ndarray, " example"], dict[str, int]]:
    """(bool [N] rows of any reason, how many of each); a row with two reasons counts under the first."""
    without = np.zeros(len(next(iter(reasons.values()), ())), dtype=bool)
    counts: dict[str, int] = {}
    for reason, rows in reasons.items():
        if count := int((rows & ~without).sum()):
            counts[reason] = count
        without = without | rows
    return without, counts


def masked_result(
    per_seed: Float[np.ndarray, "seed example"],
    reasons: Mapping[str, Bool[np.ndarray, " example"]],
    *,
    total: bool = False,
    **rest,
) -> ScoreResult:
    """A result from per-seed values [S, N]: mean (or sum) over seeds, NaN with its reason on the rows of `reasons`.

    reasons: reason -> bool [N]; a row with two reasons counts under the first. `rest` goes to `ScoreResult`.
    """
    per_seed = np.array(per_seed, dtype=np.float64)
    undefined: dict[str, int] = {}
    if reasons:
        without, undefined = undefined_rows(reasons)
        per_seed[:, without] = np.nan
    values = per_seed.sum(axis=0) if total else per_seed.mean(axis=0)
    return ScoreResult(
        values=values.astype(np.float32), per_seed=per_seed.astype(np.float32), undefined=undefined, **rest
    )
