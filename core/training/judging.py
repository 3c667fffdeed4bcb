"""Who judges the labels: whoever, out of fold, agrees with most of them in this dataset. An encoder is not better by
right: on film reviews a linear model of terms judges better than heads on two pretrained encoders.

Candidates are compared by their out-of-fold accuracy on the given labels. The mean of the best few is a candidate too,
and judges where it is right more often than the best alone, by more than chance would have it. What was compared is
kept and shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from core.types.evidence import Judge

from .candidates import Candidate
from .recorder import Recorder

_TINY = 1e-12  # a probability of 0 costs much, not everything


def choose(
    own: tuple[str, np.ndarray], others: Sequence[tuple[str, np.ndarray]], labels: np.ndarray, fold_of: np.ndarray
) -> tuple[tuple[Judge, ...], np.ndarray]:
    """The candidates, the judge first and the others by accuracy, and the judge's probabilities [N, C].

    Accuracies are those on the rows of the folds. A candidate that is as good as an earlier one stands behind it.
    """
    rows = np.flatnonzero(fold_of >= 0)
    ranked = sorted([own, *others], key=lambda one: -_accuracy(one[1], labels, rows))
    pooled = [
        (f"mean of {' + '.join(name for name, _ in ranked[:count])}", np.mean([p for _, p in ranked[:count]], axis=0))
        for count in range(2, len(ranked) + 1)
    ]
    everyone = [*ranked, *pooled]
    best = 0
    for place in range(len(ranked), len(everyone)):  # a mean must be better by more than chance: it is harder to read
        if _beats(everyone[place][1], everyone[best][1], labels, rows):
            best = place
    table = [
        Judge(name, _accuracy(p, labels, rows), _log_loss(p, labels, rows), place == best)
        for place, (name, p) in enumerate(everyone)
    ]
    return tuple(sorted(table, key=lambda judge: (not judge.chosen, -judge.accuracy))), everyone[best][1]


def kept(recorder: Recorder, candidate: Candidate) -> np.ndarray:
    """The candidate's probabilities, made once for each run folder: a run that was stopped goes on."""
    name = f"fold-judge-{re.sub('[^a-z0-9]+', '-', candidate.name.lower())}"
    there = recorder.read(name)
    if there is None:
        recorder.write(name, candidate.probabilities())
        there = recorder.read(name)
    assert there is not None
    return np.asarray(there)


def judge_name(table: Sequence[Judge]) -> str:
    """Who judges, in words."""
    return next(judge.name for judge in table if judge.chosen)


def _beats(one: np.ndarray, other: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> bool:
    """Whether it is right on more of the rows on which the two differ, by more than one standard error (McNemar)."""
    right, others = (p[rows].argmax(axis=1) == labels[rows] for p in (one, other))
    wins, losses = int((right & ~others).sum()), int((others & ~right).sum())
    return wins - losses > np.sqrt(wins + losses)


def _accuracy(probabilities: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> float:
    return float((probabilities[rows].argmax(axis=1) == labels[rows]).mean())


def _log_loss(probabilities: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> float:
    return float(-np.log(np.maximum(probabilities[rows, labels[rows]], _TINY)).mean())
