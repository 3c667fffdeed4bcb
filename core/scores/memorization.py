"""Memorization: how much a row's own label depends on the row itself having been in the training set.

    mem_i = P[h(x_i) = y_i | i in S] - P[h(x_i) = y_i | i not in S],    S: random subsets with 70 % of the rows

h is a nearest-neighbor classifier on the frozen embedding trained on S, which memorizes all it is given. From -1 to 1.
HIGH: only the row itself teaches its label, so mislabeled, rare or hard; about 0: its neighbors do as well, or a copy.
All rows share the same subsets, drawn so that within ten of them each row is left out three times: every estimate has
both kinds. Its standard error is at most .08 at 200 subsets; five independent parts show it. More neighbors (k) outvote
the row and make it 0 for rows that are alone. Fails: inherits the embedding; wrong labels and rare right ones look
alike. Feldman & Zhang, NeurIPS 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer

from core.numerics.neighbors import nearest_neighbors
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import fit_check, skill, training_rows_only, undefined_rows
from core.scores.shared.ranked_neighbors import depth
from core.scores.shared.ridge_game import copy_groups, mean_over_copies, rows_by_id
from core.scores.shared.semivalues import PARTS, error_check
from core.scores.shared.subset_runs import ROUND, balanced_subsets, memorization_of_runs
from core.types.errors import DataError
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress, track
from core.types.scores import ScoreResult
from core.types.signals import Signal

_NEGLIGIBLE = 1e-6  # probability that a rank still votes: far below the error of 200 subsets


@dataclass(frozen=True)
class MemorizationParams:
    """Settings of memorization."""

    subsets: int = param(200, label="Subsets", low=50, help="Made up to a multiple of 50.")
    ratio: float = param(0.7, label="Share of the rows in a subset", low=0.1, high=0.9, help="In steps of 0.1.")
    k: int = param(1, label="Neighbors (K)", low=1, help="1 memorizes; more outvote the row itself.")


def nearest_votes(
    order: Integer[np.ndarray, "row neighbor"],
    labels: Integer[np.ndarray, " row"],
    inside: Bool[np.ndarray, " row"],
    k: int,
    classes: int,
) -> Bool[np.ndarray, " row"]:
    """[n] bool: is each row given its label by the k nearest rows of the subset `inside` [n] bool, itself first of all?

    order [n, M]: the other rows, nearest first. The nearest of the most frequent labels wins.
    """
    rows = np.arange(len(order))
    ranked = np.hstack([rows[:, None], order])
    present = inside[ranked]
    votes_cast = present & (present.cumsum(axis=1) <= k)
    row, rank = np.nonzero(votes_cast)
    voted = labels[ranked[row, rank]]
    # A vote is worth 1, and a little more the nearer it is: by less than any whole vote in sum.
    worth = 1.0 + 1.0 / ((rank + 2.0) * 4.0 * ranked.shape[1])
    votes = np.bincount(row * classes + voted, weights=worth, minlength=len(order) * classes)
    votes = votes.reshape(-1, classes)
    return (votes.argmax(axis=1) == labels) & votes_cast.any(axis=1)


def _runs(
    order: Integer[np.ndarray, "row neighbor"],
    labels: Integer[np.ndarray, " row"],
    params: MemorizationParams,
    inputs: ScoreInputs,
    progress: Progress,
) -> tuple[Bool[np.ndarray, "subset row"], Bool[np.ndarray, "subset row"]]:
    """(subset [R, n] bool, right [R, n] bool) of each training."""
    count = PARTS * ROUND * max(1, round(params.subsets / (PARTS * ROUND)))
    inside = balanced_subsets(len(labels), count, params.ratio, inputs.rng)
    correct = np.empty_like(inside)
    for run in track(progress, range(count), f"Memorization: {count} subsets of {len(labels):,} rows"):
        correct[run] = nearest_votes(order, labels, inside[run], params.k, inputs.examples.class_count)
    return inside, correct


def _compute(inputs: ScoreInputs, params: MemorizationParams, progress: Progress) -> ScoreResult:
    rows, embedding = rows_by_id(inputs, inputs.examples.train_rows), inputs.embedding
    if len(rows) < 2:
        raise DataError("Memorization needs two labeled training rows or more.", "Check the label and split columns.")
    points, labels = embedding[rows], inputs.labels[rows]
    ranks = depth(params.k, _NEGLIGIBLE, len(rows) - 1, params.ratio)
    order = nearest_neighbors(points, ranks, progress=progress, title="Memorization: neighbors").rows
    inside, correct = _runs(order, labels, params, inputs, progress)
    parts = [memorization_of_runs(i, c) for i, c in zip(np.split(inside, PARTS), np.split(correct, PARTS), strict=True)]
    shared = mean_over_copies(np.stack(parts), copy_groups(points, labels))
    accuracy = float(correct[~inside].mean())
    values, per_part = np.full(len(inputs.labels), np.nan), np.full((PARTS, len(inputs.labels)), np.nan)
    values[rows], per_part[:, rows] = shared.mean(axis=0), shared
    checks = (fit_check(accuracy, inputs.labels, "Without the row, its neighbors"), error_check(shared))
    return ScoreResult(
        values.astype(np.float32),
        per_seed=per_part.astype(np.float32),
        undefined=undefined_rows(training_rows_only(inputs.examples))[1],
        checks=checks,
        skill=skill(accuracy, inputs.labels),
        meta={"subsets": len(inside), "ranks": int(order.shape[1]), "embedding": inputs.evidence.embedding_name},
    )


MEMORIZATION = ScoreMethod(
    name="memorization",
    title="Memorization",
    summary="How much a row's label depends on the row itself having been trained on.",
    paper=Paper(
        "Feldman & Zhang",
        2020,
        "What Neural Networks Memorize and Why: Discovering the Long Tail via Influence Estimation",
        "https://arxiv.org/abs/2008.03703",
    ),
    params=MemorizationParams,
    group=Group.INFLUENCE,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(find_noise=+1, keep_hard=+1, keep_clean_core=-1, find_ood=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    range="-1 to 1",
    high_means="Only the row itself teaches its label: labeled wrong, rare or hard.",
    low_means="Its neighbors teach its label too: typical.",
    cost="N^2 x d for the neighbors, then 200 subsets x N x (12 + C).",
)
