"""The label's probability over epochs, shared by confidence, variability and correctness (dataset cartography)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.scores.method import ScoreInputs
from core.scores.shared.assumptions import (
    agreement_check,
    epochs_check,
    fit_check,
    masked_result,
    skill,
    without_label,
)
from core.scores.shared.trace_moments import Formula, TraceMoments, final_fit, moments_over_epochs
from core.types.errors import CurationError
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult


@dataclass(frozen=True)
class CartographyParams:
    """Settings shared by the three coordinates of the data map."""

    burn_out: int = param(0, label="Epochs to count", low=0, help="Count only the first so many epochs; 0 counts all.")


def label_moments(
    inputs: ScoreInputs, formula: Formula, burn_out: int, progress: Progress, title: str
) -> tuple[TraceMoments, int]:
    """Moments of `formula` over the first `burn_out` epochs (all when 0), and how many these are.

    Raises `CurationError` for more epochs than were recorded.
    """
    recorded = len(inputs.trace.epochs)
    if burn_out > recorded:
        raise CurationError(
            f"burn_out is {burn_out}, and only {recorded} epochs were recorded.", "Choose 0 for all of them."
        )
    count = burn_out or recorded
    return moments_over_epochs(inputs, formula, range(count), progress, title), count


def label_result(
    inputs: ScoreInputs, moments: TraceMoments, per_seed: Float[np.ndarray, "seed example"], count: int
) -> ScoreResult:
    """The common checks around a coordinate [S, N] read from `count` epochs."""
    accuracy = moments.training_accuracy if moments.held_out_accuracy is None else moments.held_out_accuracy
    fit = fit_check(moments.training_accuracy, inputs.labels, at_end=final_fit(inputs).training)
    checks = (epochs_check(count), fit, agreement_check(per_seed))
    return masked_result(
        per_seed,
        without_label(inputs.examples),
        checks=checks,
        skill=skill(accuracy, inputs.labels),
        meta={"epochs_read": count},
    )
