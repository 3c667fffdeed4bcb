"""KNN-Shapley: each training row's exact Shapley value for a K-nearest-neighbor classifier of the targets.

For one target, training rows sorted by distance, m_r = 1 when the r-th has the target's label:
    s_N = m_N min(K, N) / (K N);    s_r = s_{r+1} + (m_r - m_{r+1}) / K * min(K, r) / r;    mean over targets

In about [-1/K, 1/K]; the values of all rows sum to the classifier's mean vote for the right label. HIGH helps, LOW
(negative) misleads its neighborhood: probably labeled wrong. Needs no training, the most robust score to wrong labels
when the targets are clean (digits, 200 clean targets: AUROC .994 at 10 to 40 % flips). Without held-out rows every
labeled row is a target, left out of its own ranking: the targets then carry the same wrong labels. Fails: it inherits
the embedding: where neighbors do not share labels it says little; rare classes get small values. (The often used start
m_N / N is wrong when N < K.) Jia et al., VLDB 2019.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Integer
from threadpoolctl import threadpool_limits

from core.numerics.neighbors import RowOrder, SquaredDistances, centered, first_copy, thread_count
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.targets import pick_targets, valued_rows, vote_hits
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress, SilentProgress
from core.types.scores import ScoreResult
from core.types.signals import Signal

_STRIP = 16  # targets added up together, by one thread; at most 2^5 fit into whole numbers of 2^-58
_UNIT = 2.0**58  # of the whole numbers that values are added up in


@dataclass(frozen=True)
class KNNShapleyParams:
    """Settings of KNN-Shapley."""

    k: int = param(10, label="Neighbors (K)", low=1, help="How many neighbors the classifier asks; 5 to 10 are usual.")
    targets: int = param(10_000, label="Targets at most", low=1, help="A random sample is used when there are more.")


@dataclass(frozen=True, eq=False)
class Valuation:
    """values [N] float64 mean over targets; accuracy: share of targets whose label wins the vote of K neighbors."""

    values: Float64[np.ndarray, " row"]
    accuracy: float


def knn_shapley(
    points: Float[np.ndarray, "row feature"],
    labels: Integer[np.ndarray, " row"],
    targets: Float[np.ndarray, "target feature"],
    target_labels: Integer[np.ndarray, " target"],
    k: int = 10,
    *,
    own_row: Integer[np.ndarray, " target"] | None = None,
    progress: Progress | None = None,
) -> Valuation:
    """Exact values of `points` [N, d] for the targets [V, d]; O(V N (d + log N)) time, O(block N) memory.

    own_row: [V] the row that a target is itself, left out of its ranking (its value there is 0). Identical points are
    at identical distances, and ties keep the order of rows.
    """
    points, targets = centered(points, targets)
    game = _Game(points, labels.astype(np.int32), k, len(points) - (own_row is not None))
    strips = [slice(start, start + _STRIP) for start in range(0, len(targets), _STRIP)]
    values, hits, report = np.zeros(len(points)), 0.0, progress or SilentProgress()
    report.stage("KNN-Shapley", len(strips))

    def play(part: slice) -> tuple[Float64[np.ndarray, " row"], float]:
        return game.play(targets[part], target_labels[part], None if own_row is None else own_row[part])

    workers = thread_count()
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers) as threads:  # each strip's product by its own thread
        for strip_values, right in threads.map(play, strips):
            values += strip_values
            hits += right
            report.advance()
    return Valuation(values / len(targets), hits / len(targets))


class _Game:
    """What is the same for all targets. With c_r = min(K, r) / (K r), the recurrence adds up to

        s_r = m_r c_r - sum over j > r of m_j (c_{j-1} - c_j)

    in whole numbers of 2^-58: faster to accumulate, off by 1e-15 at most, and the order of adding does not matter.
    """

    def __init__(
        self, points: Float[np.ndarray, "row feature"], labels: Integer[np.ndarray, " row"], k: int, count: int
    ):
        self.distances, self.threads = SquaredDistances(points), threading.local()
        self.copy_of = first_copy(points)
        self.copies = np.flatnonzero(self.copy_of != np.arange(len(points)))
        self.labels, self.k, self.count = labels, k, count
        rank = np.arange(1, count + 1)
        steps = np.minimum(k, rank) / (k * rank)
        self.steps = np.rint(steps * _UNIT).astype(np.int64)
        self.drops = -np.diff(self.steps, prepend=self.steps[0])

    def _squared(
        self,
        targets: Float[np.ndarray, "target feature"],
        own_row: Integer[np.ndarray, " target"] | None,
        out: Float[np.ndarray, "strip row"],
    ) -> Float[np.ndarray, "target row"]:
        """[v, N] in `out`; a target's own row is farther than all others."""
        squared = self.distances.to(targets, out)
        squared[:, self.copies] = squared[:, self.copy_of[self.copies]]  # the product may round equal columns apart
        if own_row is not None:
            squared[np.arange(len(squared)), own_row] = np.inf
        return squared

    def play(
        self,
        targets: Float[np.ndarray, "target feature"],
        labels: Integer[np.ndarray, " target"],
        own_row: Integer[np.ndarray, " target"] | None,
    ) -> tuple[Float64[np.ndarray, " row"], float]:
        """([N] summed values, how many votes are right) for a few targets [v, d] with their labels [v]."""
        if not hasattr(self.threads, "scratch"):
            self.threads.scratch = _Scratch(len(self.labels), self.count)
        scratch = self.threads.scratch
        squared = self._squared(targets, own_row, scratch.squared)
        total, placed, order_of = scratch.total, scratch.placed, scratch.order
        match, mask, value = scratch.match, scratch.mask, scratch.value
        total.fill(0)
        near = np.empty((len(squared), min(self.k, self.count)), np.int64)
        for row, (distances, label) in enumerate(zip(squared, labels, strict=True)):
            order = order_of(distances)[: self.count]
            near[row] = self.labels[order[: self.k]]
            np.take(self.labels == label, order, out=match, mode="clip")
            np.copyto(mask, match)
            np.negative(mask, out=mask)  # all bits where the label matches
            np.bitwise_and(self.drops, mask, out=value)
            np.cumsum(value, out=value)
            value -= value[-1]  # now minus the drops of all that are farther
            np.bitwise_and(self.steps, mask, out=mask)
            value += mask
            if self.count < len(placed):
                placed.fill(0)  # the row that the target is itself has no place in the order
            placed[order] = value  # unlike np.add.at, lets the other threads go on
            total += placed
        return total / _UNIT, vote_hits(near, labels)


class _Scratch:
    """One thread's scratch buffers, used again for each of its targets."""

    def __init__(self, rows: int, count: int):
        self.squared = np.empty((_STRIP, rows), np.float32)
        self.order, self.match = RowOrder(rows), np.empty(count, bool)
        self.total, self.placed = np.zeros((2, rows), np.int64)
        self.mask, self.value = np.empty((2, count), np.int64)


def _compute(inputs: ScoreInputs, params: KNNShapleyParams, progress: Progress) -> ScoreResult:
    chosen = pick_targets(inputs, params.targets, "KNN-Shapley")
    valuation = knn_shapley(
        inputs.embedding[chosen.train],
        inputs.labels[chosen.train],
        inputs.embedding[chosen.targets],
        inputs.labels[chosen.targets],
        params.k,
        own_row=chosen.own_row,
        progress=progress,
    )
    return valued_rows(inputs, chosen, valuation.values, valuation.accuracy, params.k)


KNN_SHAPLEY = ScoreMethod(
    name="knn_shapley",
    title="KNN-Shapley",
    summary="Exact Shapley value of each row for a nearest-neighbor classifier.",
    paper=Paper(
        "Jia et al.",
        2019,
        "Efficient Task-Specific Data Valuation for Nearest Neighbor Algorithms",
        "https://arxiv.org/abs/1908.08619",
    ),
    params=KNNShapleyParams,
    group=Group.VALUATION,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, remove_redundant=-1, most_helpful=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    coverage_rank=6,
    judged_by_held_out=True,
    range="about -1/K to 1/K",
    high_means="Its neighbors share its label: helps to classify them.",
    low_means="Its neighbors have other labels: misleads them, probably labeled wrong.",
    cost="V x N x (d + log N) for V targets; no training.",
)
