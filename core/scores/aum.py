"""AUM: area under the margin. How far the label's logit led over the whole training.

    AUM_i = mean over epochs t of  z_y^t - max_{c != y} z_c^t          (logits, not probabilities; mean over seeds)

All reals. HIGH is clean and easy, LOW is suspect. Once nearly every given label is fitted, further epochs only add
memorized margins (40 % flipped labels on digits: AUROC .996 from 20 epochs, .985 from 60), so by default the mean stops
there, but never before five epochs. Fails: a rare clean class looks like noise; few epochs; overtraining. Published
margins are read at each presentation in training mode, these at the end of each epoch in evaluation mode.
With `threshold`, two more trainings carry a random share 1 / C of the rows each in an extra class (disjoint sets, so
that every row is itself in one or both): a row is flagged when its AUM there is below the 99th percentile of those
rows', as a label learned by heart would be. Trainings of few epochs, and few classes, flag too many.
Pleiss et al., NeurIPS 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import (
    agreement_check,
    epochs_check,
    fit_check,
    masked_result,
    skill,
    unlabeled,
    without_label,
)
from core.scores.shared.epochs import MEMORIZES
from core.scores.shared.formulas import logit_margin
from core.scores.shared.trace_moments import final_fit, moments_over_epochs, require_two_classes
from core.types.errors import CurationError
from core.types.evidence import ThresholdRun
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_LEAST_EPOCHS = 5  # a mean over fewer is mostly that of one moment, see `epochs_check`


@dataclass(frozen=True)
class AUMParams:
    """Settings of the area under the margin."""

    last_epoch: str = param(
        "auto",
        label="Up to epoch",
        help="auto (until nearly all given labels are fitted), all, or the number of the last epoch to count.",
    )
    threshold: bool = param(
        False,
        label="Flag by threshold samples",
        help="Two more trainings with some rows in an extra class show where wrong labels end.",
    )
    percentile: float = param(
        99.0, label="Percentile", low=0.0, high=100.0, help="Of the threshold samples' AUM; 99 as published."
    )


def flag_by_threshold(
    runs: Sequence[ThresholdRun], epochs: int, percentile: float = 99.0
) -> tuple[Bool[np.ndarray, " example"], list[float]]:
    """([N] bool, the threshold of each run): AUM over the first `epochs`, less the threshold, below 0 on average.

    Only the runs in which a row kept its label count for it. Raises `CurationError` naming a row that is not finite.
    """
    size = runs[0].margins.shape[1]
    excess, seen, thresholds = np.zeros(size), np.zeros(size), []
    for run in runs:
        values = np.asarray(run.margins[:epochs], dtype=np.float64).mean(axis=0)
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise CurationError(f"The margin of row {bad[0]} is not finite.", "Look at that row's input.")
        itself = ~np.isin(np.arange(size), run.relabeled)
        thresholds.append(float(np.percentile(values[run.relabeled], percentile)))
        excess[itself] += values[itself] - thresholds[-1]
        seen[itself] += 1
    return (seen > 0) & (excess < 0), thresholds


def _flagged(
    inputs: ScoreInputs, params: AUMParams, epochs: int
) -> tuple[Bool[np.ndarray, " example"] | None, tuple[AssumptionCheck, ...], dict]:
    """The flags with a light that says how many, or nothing when they were not asked for."""
    if not params.threshold:
        return None, (), {}
    runs = inputs.threshold_runs
    flags, thresholds = flag_by_threshold(runs, epochs, params.percentile)
    flags &= inputs.trace.trained & ~unlabeled(inputs.examples)
    count, rows, samples = int(flags.sum()), len(inputs.examples.train_rows), min(len(run.relabeled) for run in runs)
    text = (
        f"{count} of {rows} training rows ({count / max(rows, 1):.1%}) lie below what {params.percentile:g} % of the "
        f"threshold samples reach ({samples} in each of {len(runs)} trainings; 100 or more are advised)."
    )
    check = AssumptionCheck(
        Light.GREEN if samples >= 100 and 2 * count <= rows else Light.AMBER, text, "threshold samples"
    )
    return flags, (check,), {"flagged": count, "thresholds": thresholds}


def _compute(inputs: ScoreInputs, params: AUMParams, progress: Progress) -> ScoreResult:
    require_two_classes(inputs, "The area under the margin")
    count, check = _stop(inputs, params.last_epoch)
    moments = moments_over_epochs(inputs, logit_margin, range(count), progress, "Area under the margin")
    accuracy = moments.training_accuracy if moments.held_out_accuracy is None else moments.held_out_accuracy
    flags, more_checks, more = _flagged(inputs, params, count)
    checks = (
        check,
        epochs_check(count),
        fit_check(moments.training_accuracy, inputs.labels, at_end=final_fit(inputs).training),
        agreement_check(moments.mean),
        *more_checks,
    )
    return masked_result(
        moments.mean,
        without_label(inputs.examples),
        checks=checks,
        skill=skill(accuracy, inputs.labels),
        meta={"last_epoch": int(inputs.trace.epochs[count - 1]), **more},
        flags=flags,
    )


def _stop(inputs: ScoreInputs, choice: str) -> tuple[int, AssumptionCheck]:
    """How many of the recorded epochs to average, and the light that says why."""
    epochs = inputs.trace.epochs
    accuracy = inputs.trace.training_accuracy(inputs.labels).mean(axis=0)
    fitted = np.flatnonzero(accuracy >= MEMORIZES)
    how = choice.strip().lower()
    if how == "auto":
        count = max(int(fitted[0]) + 1, _LEAST_EPOCHS) if len(fitted) else len(epochs)
        count = min(count, len(epochs))
    elif how == "all":
        count = len(epochs)
    elif how.isdigit() and epochs[0] <= int(how):
        count = sum(epoch <= int(how) for epoch in epochs)
    else:
        raise CurationError(
            f"last_epoch is {choice!r}.", f"Choose auto, all, or a number from {epochs[0]} to {epochs[-1]}."
        )
    late = len(fitted) > 0 and count > max(int(fitted[0]) + 1, _LEAST_EPOCHS)
    span = f"epochs {epochs[0]} to {epochs[count - 1]}"
    text = f"Averaged over {span}, by when {accuracy[count - 1]:.1%} of the given labels are fitted."
    return count, AssumptionCheck(Light.AMBER if late else Light.GREEN, text, "memorization")


AUM = ScoreMethod(
    name="aum",
    title="Area under the margin",
    summary="How far the label's logit led over the whole training.",
    paper=Paper(
        "Pleiss et al.",
        2020,
        "Identifying Mislabeled Data using the Area Under the Margin Ranking",
        "https://arxiv.org/abs/2001.10528",
    ),
    params=AUMParams,
    group=Group.DYNAMICS,
    direction=Direction.TYPICAL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, most_helpful=+1),
    needs=(Signal.LOGITS,),
    compute=_compute,
    coverage_rank=1,
    range="all reals",
    high_means="The label led throughout training: clean and easy.",
    low_means="Another class led throughout training: probably labeled wrong.",
    cost="One forward pass per epoch (free during training), then T x N x C; the threshold two more trainings.",
    also_needs=lambda params: (Signal.THRESHOLD_SAMPLES,) if params.threshold else (),
)
