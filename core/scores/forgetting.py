"""Forgetting: how often the networks lost a label that they had learned.

    events_i = #{t : right at t, wrong at t+1};   a label that was never right counts as T (the number of looks)
    forgetting_i = sum over seeds of events_i

From 0 ("unforgettable") to T x S. High: hard or mislabeled. Recorded at each row's own presentation before the update
(as published) when the training did so, else at the end of each epoch in evaluation mode. Ties are many: the decimals
(< 1) order equal counts by their mean logit margin, so `floor` gives the count. Fails: short trainings; strong
augmentation; the two ways to record are not comparable. Never-learned rows as 0 (a known defect elsewhere) would make
the hardest rows look easiest. Toneva et al., ICLR 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.assumptions import (
    agreement_check,
    epochs_check,
    fit_check,
    masked_result,
    skill,
    tie_share,
    unlabeled,
)
from core.scores.formulas import is_correct, logit_margin
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.over_trace import require_two_classes, trace_blocks
from core.types.errors import CurationError
from core.types.methods import Direction, Group, Paper, Signal
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult, average_rank


@dataclass(frozen=True)
class ForgettingParams:
    """Settings of the forgetting count."""

    recorded: str = param(
        "auto",
        label="Correctness recorded",
        choices=("auto", "presentation", "epoch_end"),
        help="At each row's own presentation (as published) or at the end of each epoch.",
    )
    break_ties: bool = param(
        True, label="Order equal counts by margin", help="Adds decimals below 1; the floor is the count."
    )


def count_forgetting(correct: np.ndarray) -> np.ndarray:
    """[...] float64 events along the first axis of the bool array `correct` [T, ...]; never correct counts T."""
    events = (correct[:-1] > correct[1:]).sum(axis=0)
    return np.where(correct.any(axis=0), events, len(correct)).astype(np.float64)


def _compute(inputs: ScoreInputs, params: ForgettingParams, progress: Progress) -> ScoreResult:
    require_two_classes(inputs, "The tie-breaking margin of forgetting")
    at_end, margin = _visit(inputs, progress)
    correct, recorded = _recorded(inputs, params.recorded, at_end)
    counts = np.stack([count_forgetting(one) for one in correct])
    reasons = {"unlabeled row": unlabeled(inputs.examples), "held-out row": ~inputs.trace.trained}
    rows = inputs.trace.trained & (inputs.labels >= 0)
    meta = {
        "recorded": recorded,
        "looks": int(correct.shape[1]),
        "tie_share": tie_share(counts.sum(axis=0)[rows]),
        "never_learned": int((correct.sum(axis=(0, 1))[rows] == 0).sum()),
    }
    accuracy = float(at_end[:, -1][:, rows].mean()) if rows.any() else 0.0
    checks = (epochs_check(correct.shape[1]), fit_check(accuracy, inputs.labels), agreement_check(counts))
    if params.break_ties:
        counts = counts + _decimals(margin, rows) / len(counts)
    return masked_result(
        counts,
        reasons,
        total=True,
        checks=checks,
        skill=skill(_held_out(inputs, at_end, accuracy), inputs.labels),
        meta=meta,
    )


def _visit(inputs: ScoreInputs, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """([S, T, N] right at the end of each epoch, [N] mean logit margin) in one visit."""
    seeds, looks, count, _ = inputs.trace.logits.shape
    correct, margin = np.zeros((seeds, looks, count), dtype=bool), np.zeros(count)
    for block in trace_blocks(inputs, range(looks), progress, "Forgetting"):
        correct[block.seed, block.position, block.rows] = is_correct(block.logits, block.labels) > 0
        margin[block.rows] += logit_margin(block.logits, block.labels) / (seeds * looks)
    return correct, margin


def _recorded(inputs: ScoreInputs, asked: str, at_end: np.ndarray) -> tuple[np.ndarray, str]:
    seen = inputs.trace.seen_correct
    if asked == "presentation" and seen is None:
        raise CurationError(
            "Correctness at presentation was not recorded in this training.", "Choose auto or epoch_end."
        )
    if seen is not None and asked != "epoch_end":
        return np.asarray(seen, dtype=bool), "presentation"
    return at_end, "epoch_end"


def _decimals(margin: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """[N] in (0, 1): larger for a smaller margin among `rows`."""
    ranks = average_rank(np.where(rows, -margin, np.nan))
    return np.nan_to_num(ranks) / (rows.sum() + 1.0)


def _held_out(inputs: ScoreInputs, at_end: np.ndarray, otherwise: float) -> float:
    rows = inputs.examples.held_out_rows
    return float(at_end[:, -1][:, rows].mean()) if len(rows) else otherwise


FORGETTING = ScoreMethod(
    name="forgetting",
    title="Forgetting events",
    summary="How often a learned label was lost again; never learned counts most.",
    paper=Paper(
        "Toneva et al.",
        2019,
        "An Empirical Study of Example Forgetting during Deep Neural Network Learning",
        "https://arxiv.org/abs/1812.05159",
    ),
    params=ForgettingParams,
    group=Group.DYNAMICS,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(+1, +1, -1, -1, 0, 0),
    needs=(Signal.LOGITS,),
    compute=_compute,
    range="0 to epochs x seeds (decimals break ties)",
    high_means="Often forgotten or never learned: hard, or labeled wrong.",
    low_means="Learned once and kept: easy.",
    cost="Free during training, then T x N x C.",
)
