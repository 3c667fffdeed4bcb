"""TracIn self-influence: how much training on an example lowered its own loss, to first order.

    self_i = sum over kept checkpoints k of  lr_k ||softmax(z_i^k) - onehot(y_i)||^2 (||h_i^k||^2 + 1)

(last layer; mean over seeds). From 0 up. High: only its own updates teach it, so mislabeled, rare or hard. Fails:
dominated by large features and by early checkpoints; the last layer loses its signal once it saturates, so keep
checkpoints while the loss still falls. The weakest of the log scores on images, the best on linear text models. Epoch 0
is left out. Learning rates that were not recorded count as equal. Pruthi et al., NeurIPS 2020.
"""

from __future__ import annotations

import numpy as np

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import agreement_check, fit_check, masked_result, skill, without_label
from core.scores.shared.checkpoints import accuracy_of, by_seed, checked, checkpoints_check, last_layer_squares
from core.types.errors import CurationError
from core.types.evidence import CheckpointEvidence
from core.types.methods import Direction, Group, Paper
from core.types.params import NoParams
from core.types.progress import Progress, track
from core.types.scores import ScoreResult
from core.types.signals import Signal


def _compute(inputs: ScoreInputs, params: NoParams, progress: Progress) -> ScoreResult:
    grouped = _trained_checkpoints(inputs)
    every = [one for group in grouped for one in group]
    labels, known = np.maximum(inputs.labels, 0), all(one.checkpoint.learning_rate > 0 for one in every)
    per_seed = np.zeros((len(grouped), len(labels)))
    steps = [(seed, one) for seed, group in enumerate(grouped) for one in group]
    for seed, one in track(progress, steps, "TracIn self-influence"):
        rate = one.checkpoint.learning_rate if known else 1.0
        per_seed[seed] += rate * checked(last_layer_squares(one, labels), inputs, one)
    train, held_out = inputs.examples.train_rows, inputs.examples.held_out_rows
    accuracy = accuracy_of(every, labels, held_out if len(held_out) else train)
    checks = (
        checkpoints_check(len(grouped[0]), known, "Summed over", "per seed"),
        fit_check(accuracy_of([group[-1] for group in grouped], labels, train), inputs.labels),
        agreement_check(per_seed),
    )
    meta = {"epochs_read": [one.checkpoint.epoch for one in grouped[0]], "learning_rates_known": known}
    return masked_result(
        per_seed,
        without_label(inputs.examples),
        checks=checks,
        skill=skill(accuracy, inputs.labels),
        meta=meta,
    )


def _trained_checkpoints(inputs: ScoreInputs) -> list[list[CheckpointEvidence]]:
    """For each seed its kept checkpoints after epoch 0."""
    grouped = [[one for one in group if one.checkpoint.epoch > 0] for group in by_seed(inputs.checkpoints)]
    if not grouped[0]:
        raise CurationError("Only epoch 0, before any training, was kept.", "Train for one epoch or more.")
    return grouped


TRACIN_SELF = ScoreMethod(
    name="tracin_self",
    title="TracIn self-influence",
    summary="How much training on an example lowered its own loss.",
    paper=Paper(
        "Pruthi et al.",
        2020,
        "Estimating Training Data Influence by Tracing Gradient Descent",
        "https://arxiv.org/abs/2002.08484",
    ),
    group=Group.INFLUENCE,
    direction=Direction.NOISY,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_hard=+1, keep_clean_core=-1, find_ood=+1),
    needs=(Signal.FEATURES,),
    compute=_compute,
    range="0 and up",
    high_means="Learned only from itself: labeled wrong, rare or hard.",
    low_means="Others teach it too: typical.",
    cost="One forward pass per kept checkpoint, then K x N x (d + C).",
)
