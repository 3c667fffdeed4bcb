"""Right or wrong at each presentation of a row, counted over training: forgetting, first learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64

from core.scores.method import ScoreInputs
from core.scores.shared.assumptions import (
    agreement_check,
    epochs_check,
    fit_check,
    masked_result,
    skill,
    tie_share,
    without_label,
)
from core.scores.shared.formulas import is_correct, logit_margin
from core.scores.shared.trace_moments import require_two_classes, trace_blocks
from core.types.errors import CurationError
from core.types.params import param
from core.types.progress import Progress
from core.types.ranks import average_rank
from core.types.scores import ScoreResult


@dataclass(frozen=True)
class CountingParams:
    """Settings shared by the scores that count epochs of a kind."""

    recorded: str = param(
        "auto",
        label="Correctness recorded",
        choices=("auto", "presentation", "epoch_end"),
        help="At each row's own presentation (as published) or at the end of each epoch.",
    )
    break_ties: bool = param(
        True, label="Order equal counts by margin", help="Adds decimals below 1; the floor is the count."
    )


def correctness_at_end(
    inputs: ScoreInputs, progress: Progress, title: str
) -> tuple[Bool[np.ndarray, "seed epoch example"], Float64[np.ndarray, " example"]]:
    """([S, T, N] right at the end of each epoch, [N] mean logit margin) in one pass."""
    seeds, epochs, count, _ = inputs.trace.logits.shape
    correct, margin = np.zeros((seeds, epochs, count), dtype=bool), np.zeros(count)
    for block in trace_blocks(inputs, range(epochs), progress, title):
        correct[block.seed, block.position, block.rows] = is_correct(block.logits, block.labels) > 0
        margin[block.rows] += logit_margin(block.logits, block.labels) / (seeds * epochs)
    return correct, margin


def recorded_correctness(
    inputs: ScoreInputs, choice: str, at_end: Bool[np.ndarray, "seed epoch example"]
) -> tuple[Bool[np.ndarray, "seed epoch example"], str]:
    """(bool [S, T, N], which): at presentation where that was recorded, else `at_end`; `choice` as in `CountingParams`.

    Raises `CurationError` where it was asked for and not recorded.
    """
    seen = inputs.trace.seen_correct
    if choice == "presentation" and seen is None:
        raise CurationError(
            "Correctness at presentation was not recorded in this training.", "Choose auto or epoch_end."
        )
    if seen is not None and choice != "epoch_end":
        return np.asarray(seen, dtype=bool), "presentation"
    return at_end, "epoch_end"


def score_counts(
    inputs: ScoreInputs,
    params: CountingParams,
    count: Callable[[Bool[np.ndarray, "epoch example"]], Float[np.ndarray, " example"]],
    progress: Progress,
    title: str,
    *,
    total: bool = False,
) -> ScoreResult:
    """The mean (or sum) over seeds of `count` [N] of each seed's bool [T, N], ties broken as `params` say."""
    require_two_classes(inputs, f"The tie-breaking margin of {title[0].lower()}{title[1:]}")
    at_end, margin = correctness_at_end(inputs, progress, title)
    correct, recorded = recorded_correctness(inputs, params.recorded, at_end)
    counts = np.stack([count(one) for one in correct])
    over_seeds = counts.sum(axis=0) if total else counts.mean(axis=0)
    rows = inputs.trace.trained & (inputs.labels >= 0)
    meta = {
        "recorded": recorded,
        "looks": int(correct.shape[1]),
        "tie_share": tie_share(over_seeds[rows]),
        "never_learned": int((correct.sum(axis=(0, 1))[rows] == 0).sum()),
    }
    accuracy = float(at_end[:, -1][:, rows].mean()) if rows.any() else 0.0
    checks = (epochs_check(correct.shape[1]), fit_check(accuracy, inputs.labels), agreement_check(counts))
    if params.break_ties:
        counts = counts + margin_decimals(margin, rows) / len(counts)  # a mean of S counts moves in steps of 1/S
    return masked_result(
        counts,
        {**without_label(inputs.examples), "held-out row": ~inputs.trace.trained},
        total=total,
        checks=checks,
        skill=skill(_held_out_accuracy(inputs, at_end, accuracy), inputs.labels),
        meta=meta,
    )


def margin_decimals(
    margin: Float[np.ndarray, " example"], rows: Bool[np.ndarray, " example"]
) -> Float64[np.ndarray, " example"]:
    """[N] in (0, 1): larger for a smaller margin among `rows`."""
    ranks = average_rank(np.where(rows, -margin, np.nan))
    return np.nan_to_num(ranks) / (rows.sum() + 1.0)


def _held_out_accuracy(inputs: ScoreInputs, at_end: Bool[np.ndarray, "seed epoch example"], otherwise: float) -> float:
    """Share of right held-out rows after the last epoch, mean over seeds; `otherwise` without any."""
    rows = inputs.examples.held_out_rows
    return float(at_end[:, -1][:, rows].mean()) if len(rows) else otherwise
