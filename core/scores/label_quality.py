"""Label quality: how well the given label agrees with models that did not see the row (confident learning).

    self_confidence: p_y          normalized_margin: (p_y - max_{c != y} p_c + 1) / 2
    confidence_weighted_entropy: log(1 + w) / w,  w = (H(p) / log C) / max(p_y, 1e-6)

on out-of-fold probabilities p, computed by cleanlab. Range [0, 1]; HIGH is clean, LOW is suspect. `adjust` subtracts
each class's mean self-confidence first, for classes that the models find harder than others. `flag_by` flags rows by
one of cleanlab's filters; the confident joint and the noise rate of each class stand beside it. The number of flagged
labels is an estimate with the models' accuracy in it: at 60 % accuracy it is 1.4 to 4 times too high, while the order
stays good. Fails: probabilities of models that saw the row (memorized errors look clean), tiny classes,
miscalibration. Northcutt, Jiang & Chuang, JAIR 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import fit_check, skill, undefined_rows, without_label
from core.scores.shared.confident_joint import FILTERS, confident_joint
from core.types.errors import DataError
from core.types.evidence import Judge
from core.types.methods import Direction, Group, Paper, Use
from core.types.params import param
from core.types.progress import Progress, track
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_BLOCK_ROWS = 65_536  # rows given to cleanlab at once: 5 MB of probabilities of ten classes


@dataclass(frozen=True)
class LabelQualityParams:
    """Settings of the label quality."""

    method: str = param(
        "self_confidence",
        label="Measured as",
        help="Self-confidence is the label's probability.",
        choices=("self_confidence", "normalized_margin", "confidence_weighted_entropy"),
    )
    adjust: bool = param(
        False,
        label="Adjust for class thresholds",
        help="Compare with the mean self-confidence of the label's class (not for the entropy).",
    )
    flag_by: str = param(
        FILTERS[0], label="Flag by", choices=FILTERS, help="cleanlab's ways to cut; they flag rows, not order them."
    )


def label_quality(
    labels: Integer[np.ndarray, " row"],
    probabilities: Float[np.ndarray, "row class"],
    method: str = "self_confidence",
    adjust: bool = False,
    progress: Progress | None = None,
) -> Float64[np.ndarray, " row"]:
    """[N] float64 quality in [0, 1], high is clean: cleanlab on labels [N] and probabilities [N, C], in blocks."""
    from cleanlab.rank import get_label_quality_scores

    from core.types.progress import SilentProgress

    probabilities = np.asarray(probabilities, dtype=np.float64)
    if adjust and method != "confidence_weighted_entropy":
        probabilities = _adjusted(labels, probabilities)
    out = np.empty(len(labels))
    starts = range(0, len(labels), _BLOCK_ROWS)
    for start in track(progress or SilentProgress(), starts, "Label quality"):
        part = slice(start, start + _BLOCK_ROWS)
        out[part] = get_label_quality_scores(labels[part], probabilities[part], method=method)
    return out


def class_thresholds(
    labels: Integer[np.ndarray, " row"], probabilities: Float[np.ndarray, "row class"]
) -> Float64[np.ndarray, " class"]:
    """[C] mean of p_c over the rows labeled c; 1 for a class without rows, which nothing then reaches."""
    return np.array(
        [probabilities[labels == c, c].mean() if (labels == c).any() else 1.0 for c in range(probabilities.shape[1])]
    )


def _adjusted(
    labels: Integer[np.ndarray, " row"], probabilities: Float[np.ndarray, "row class"]
) -> Float64[np.ndarray, "row class"]:
    """p - t + max t, rows rescaled to sum to one: from all rows at once, which blocks could not give."""
    thresholds = class_thresholds(labels, probabilities)
    shifted = probabilities - thresholds + thresholds.max()
    return shifted / shifted.sum(axis=1, keepdims=True)


def _compute(inputs: ScoreInputs, params: LabelQualityParams, progress: Progress) -> ScoreResult:
    probabilities = np.asarray(inputs.out_of_fold, dtype=np.float64)
    without, undefined = undefined_rows(
        {
            **without_label(inputs.examples),
            "row without out-of-fold prediction": np.asarray(~np.isfinite(probabilities).all(axis=1)),
        }
    )
    rows = np.flatnonzero(~without)
    labels, probabilities = inputs.labels[rows], probabilities[rows]
    if len(rows) == 0:
        raise DataError("No labeled row has out-of-fold probabilities.", "Check the label column.")
    _check_columns(labels, probabilities)
    values = np.full(len(inputs.labels), np.nan, dtype=np.float32)
    values[rows] = label_quality(labels, probabilities, params.method, params.adjust, progress)
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    meta, check, flags = _issues(inputs, rows, probabilities, accuracy, params.flag_by)
    checks = (
        *_seen_check(inputs),
        fit_check(accuracy, labels, "Out of fold, the models"),
        check,
        _class_check(labels),
    )
    return ScoreResult(
        values,
        undefined=undefined,
        checks=checks,
        skill=skill(accuracy, labels),
        meta={**meta, "model": inputs.evidence.out_of_fold_model, **_compared(inputs.evidence.judges)},
        flags=flags,
    )


def _compared(judges: Sequence[Judge]) -> dict[str, Any]:
    """Who was compared as a judge, with the accuracy that decided; nothing where nobody was."""
    if not judges:
        return {}
    lines = [f"{judge.name} ({judge.accuracy:.4f}{', judges' if judge.chosen else ''})" for judge in judges]
    return {"judges_by_accuracy": lines}


def _issues(
    inputs: ScoreInputs,
    rows: Integer[np.ndarray, " row"],
    probabilities: Float[np.ndarray, "row class"],
    accuracy: float,
    by: str,
) -> tuple[dict[str, Any], AssumptionCheck, Bool[np.ndarray, " example"]]:
    """Flagged labels [N] and the confident joint, always with the accuracy that they depend on."""
    labels, flags = inputs.labels[rows], np.zeros(len(inputs.labels), dtype=bool)
    if len(np.unique(labels)) < 2:
        check = AssumptionCheck(Light.RED, "1 class is given: no other label to suspect.", "flagged labels")
        return {"out_of_fold_accuracy": accuracy}, check, flags
    joint = confident_joint(labels, probabilities, by)
    flags[rows] = joint.flagged
    count = int(joint.flagged.sum())
    names = [*inputs.examples.class_names, *map(str, range(inputs.examples.class_count, probabilities.shape[1]))]
    meta: dict[str, Any] = {"out_of_fold_accuracy": accuracy, "flagged_labels": count}
    meta |= joint.about(names, len(rows))
    text = (
        f"{count} of {len(labels)} labels are flagged, and {joint.noise_rate:.1%} estimated wrong, by models that are "
        f"right on {accuracy:.1%} of the rows"
    )
    if accuracy < 0.8:
        text += ": probably too many. The order is what to trust"
    return meta, AssumptionCheck(Light.GREEN if accuracy >= 0.8 else Light.AMBER, text + ".", "flagged labels"), flags


def _class_check(labels: Integer[np.ndarray, " row"]) -> AssumptionCheck:
    counts = np.unique(labels, return_counts=True)[1]
    light = Light.GREEN if counts.min() >= 20 and len(counts) >= 4 else Light.AMBER
    return AssumptionCheck(
        light,
        f"{len(counts)} classes, the smallest with {counts.min()} rows; tiny classes and fewer "
        "than 4 classes make the number of errors look too small.",
        "classes",
    )


def _seen_check(inputs: ScoreInputs) -> tuple[AssumptionCheck, ...]:
    """A red light where the probabilities seem to come from models that learned these very labels."""
    why = inputs.evidence.seen_rows
    if not why:
        return ()
    text = f"{why}: wrong labels that it learned by heart look clean. Record probabilities out of fold."
    return (AssumptionCheck(Light.RED, text, "out of fold"),)


def _check_columns(labels: Integer[np.ndarray, " row"], probabilities: Float[np.ndarray, "row class"]) -> None:
    if probabilities.shape[1] < 2 or labels.max() >= probabilities.shape[1]:
        raise DataError(
            f"Label number {labels.max()} needs out-of-fold probabilities with two or more columns, and more "
            f"than that; there are {probabilities.shape[1]}.",
            "Give one column per class.",
        )


LABEL_QUALITY = ScoreMethod(
    name="label_quality",
    title="Label quality",
    summary="How well the label agrees with models that did not see the row.",
    paper=Paper(
        "Northcutt, Jiang & Chuang",
        2021,
        "Confident Learning: Estimating Uncertainty in Dataset Labels",
        "https://arxiv.org/abs/1911.00068",
    ),
    params=LabelQualityParams,
    group=Group.LABEL_QUALITY,
    direction=Direction.TYPICAL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, most_helpful=+1),
    needs=(Signal.OUT_OF_FOLD,),
    compute=_compute,
    uses=(Use.NOISE_ESTIMATE,),
    coverage_rank=5,
    range="0 to 1",
    high_means="Models that did not see it agree with its label.",
    low_means="Models that did not see it expect another label: probably labeled wrong.",
    cost="K trainings for K folds, then N x C.",
)
