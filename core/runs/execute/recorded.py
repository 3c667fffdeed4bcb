"""What was recorded elsewhere takes its place in the evidence of a run, beside what was computed here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from scipy.special import softmax

from core.types.evidence import CheckpointEvidence, Evidence, GivenEvidence
from core.types.examples import UNLABELED, ExampleTable
from core.types.runs import TrainingSpec
from core.types.signals import Signal, trained_for
from core.types.trace import Checkpoint, TrainingTrace

from .traces import trace_of

_SAME = 1e-3  # how far probabilities may be from the softmax of logits and still be the same: float16 and rounding
_TOO_GOOD = 0.995  # share of given labels predicted, above which models have most likely seen the rows
_FEW = 50  # rows from which such a share says anything


def to_make(signals: Iterable[Signal], given: GivenEvidence) -> frozenset[Signal]:
    """The signals that a model must be trained or visited for: those that were recorded are never computed again.

    Beside recorded logits only what judges labels from outside: see `sources_of_evidence.beside_recorded_logits`.
    """
    left = trained_for(signals) - given.states().gives
    return left & {Signal.OUT_OF_FOLD} if given.logits is not None else left


def with_recorded(evidence: Evidence, given: GivenEvidence, examples: ExampleTable, training: TrainingSpec) -> Evidence:
    """The evidence with what was recorded in place of what was not computed."""
    trace = trace_of(given.logits, examples, given.learning_rates)
    if trace is not None:
        decay = training.weight_decay or 0.0
        evidence = replace(evidence, trace=trace, checkpoints=tuple(_moments(trace, given)), weight_decay=decay)
    if given.probabilities is None:
        return evidence
    return replace(
        evidence,
        out_of_fold=given.probabilities,
        out_of_fold_model="given probabilities",
        seen_rows=seen_rows(given, examples),
    )


def _moments(trace: TrainingTrace, given: GivenEvidence) -> Iterator[CheckpointEvidence]:
    """Each recorded moment as a kept checkpoint, where the features of the last layer were recorded, too."""
    if given.features is None:
        return
    for s, seed in enumerate(trace.seeds):
        for t, epoch in enumerate(trace.epochs):
            moment = Checkpoint(seed, epoch, trace.learning_rates[t])
            yield CheckpointEvidence(moment, trace.logits[s, t], given.features[s, t])


def seen_rows(given: GivenEvidence, examples: ExampleTable) -> str:
    """Why recorded probabilities seem to come from models that were trained on the very rows; empty where nothing says
    so.
    """
    probabilities, rows = given.probabilities, examples.train_rows
    if probabilities is None or not len(rows):
        return ""
    if given.logits is not None and given.logits.shape[-1] == probabilities.shape[-1]:
        made = np.mean([softmax(np.asarray(one[-1][rows], np.float64), axis=-1) for one in given.logits], axis=0)
        if np.nanmax(np.abs(made - probabilities[rows]), initial=0.0) <= _SAME:
            return "They are the softmax of the recorded logits, whose network was trained on these rows"
    labeled = rows[examples.labels[rows] != UNLABELED]
    right = float((np.asarray(probabilities[labeled]).argmax(axis=1) == examples.labels[labeled]).mean())
    if len(labeled) >= _FEW and right >= _TOO_GOOD:
        return f"They name the given label of {right:.1%} of the rows, which models that did not see them seldom do"
    return ""
