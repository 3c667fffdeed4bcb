"""The shape that all scores of one formula over chosen epochs share: difficulty read from the logits alone."""

from __future__ import annotations

from core.scores.method import ScoreInputs
from core.scores.shared.assumptions import agreement_check, fit_check, masked_result, skill, without_label
from core.scores.shared.epochs import choose_epochs
from core.scores.shared.trace_moments import Formula, final_fit, moments_over_epochs
from core.types.progress import Progress
from core.types.scores import ScoreResult


def score_chosen_epochs(
    inputs: ScoreInputs, formula: Formula, epochs: str, progress: Progress, title: str, *, needs_label: bool = True
) -> ScoreResult:
    """Mean of `formula` over the chosen epochs and then seeds; unlabeled rows are NaN when it needs a label."""
    trace = inputs.trace
    end = final_fit(inputs)
    choice = choose_epochs(epochs, trace.epochs, end)
    moments = moments_over_epochs(inputs, formula, choice.positions, progress, title)
    accuracy = moments.training_accuracy if moments.held_out_accuracy is None else moments.held_out_accuracy
    reasons = without_label(inputs.examples) if needs_label else {}
    meta = {
        "epochs": choice.how,
        "epochs_read": [int(trace.epochs[p]) for p in choice.positions],
        "training_accuracy": moments.training_accuracy,
        "held_out_accuracy": moments.held_out_accuracy,
    }
    fit = fit_check(moments.training_accuracy, inputs.labels, at_end=end.training)
    checks = (choice.check, fit, agreement_check(moments.mean))
    return masked_result(moments.mean, reasons, checks=checks, skill=skill(accuracy, inputs.labels), meta=meta)
