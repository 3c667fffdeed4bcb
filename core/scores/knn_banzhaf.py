"""KNN-Banzhaf: each training row's exact Banzhaf value for a K-nearest-neighbor classifier of the targets.

For one target, training rows sorted by distance, m_r = 1 when the r-th has the target's label, B(n) a fair binomial:
    v_r = ( m_r P(B(r - 1) < K)  -  sum_{l > r} m_l P(B(l - 2) = K - 1) / 2 ) / K;    mean over targets

the mean gain in right votes from adding the row to a fair random subset of the others. In [-1/K, 1/K]. HIGH helps, LOW
(negative) misleads its neighborhood: probably labeled wrong; oriented like KNN-Shapley. Where Shapley weighs all sizes
of subsets alike, Banzhaf looks at halves: only the nearest 2K or so ranks count (deeper ones are left out below 1e-9),
no full sort is needed, and its order is the most robust to a noisy utility. The values do not sum to the utility.
Fails like KNN-Shapley: it inherits the embedding, small classes get small values, and without held-out rows the
targets carry the same wrong labels. Wang & Jia 2023; the closed form is METHODS: Semivalues at inclusion one half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.ranked_neighbors import depth, mean_over_targets, presence, rank_targets
from core.scores.shared.targets import valued_rows
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal

_NEGLIGIBLE = 1e-9  # probability that a rank still matters: far below what a float32 value shows


@dataclass(frozen=True)
class KNNBanzhafParams:
    """Settings of KNN-Banzhaf."""

    k: int = param(10, label="Neighbors (K)", low=1, help="How many neighbors the classifier asks; 5 to 10 are usual.")
    targets: int = param(10_000, label="Targets at most", low=1, help="A random sample is used when there are more.")


def banzhaf_of_ranks(match: Float[np.ndarray, "target rank"], k: int) -> Float64[np.ndarray, "target rank"]:
    """[V, M] float64 exact values of M ranked rows for V targets; match [V, M] is any real contribution. O(V M)."""
    ranks = match.shape[1]
    table = presence(ranks, k)
    in_vote = table[:ranks].sum(axis=1)
    crowding = np.zeros(ranks)
    crowding[1:] = 0.5 * table[: ranks - 1, k - 1]
    crowded_out = match * crowding
    behind = crowded_out[:, ::-1].cumsum(axis=1)[:, ::-1] - crowded_out
    return (match * in_vote - behind) / k


def _compute(inputs: ScoreInputs, params: KNNBanzhafParams, progress: Progress) -> ScoreResult:
    ranks = depth(params.k, _NEGLIGIBLE, max(1, len(inputs.examples.train_rows)))
    ranked = rank_targets(inputs, params.k, ranks, params.targets, progress, "KNN-Banzhaf")
    values = mean_over_targets(ranked, banzhaf_of_ranks(ranked.match.astype(np.float64), params.k))
    return valued_rows(inputs, ranked, values, ranked.accuracy, params.k, meta={"ranks": int(ranked.order.shape[1])})


KNN_BANZHAF = ScoreMethod(
    name="knn_banzhaf",
    title="KNN-Banzhaf",
    summary="Exact Banzhaf value of each row for a nearest-neighbor classifier.",
    paper=Paper(
        "Wang & Jia",
        2023,
        "Data Banzhaf: A Robust Data Valuation Framework for Machine Learning",
        "https://arxiv.org/abs/2205.15466",
    ),
    params=KNNBanzhafParams,
    group=Group.VALUATION,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, remove_redundant=-1, most_helpful=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    judged_by_held_out=True,
    range="-1/K to 1/K",
    high_means="Its neighbors share its label: helps to classify them.",
    low_means="Its neighbors have other labels: misleads, probably labeled wrong.",
    cost="V x N x d for V targets, then V x (2K or so); no training.",
)
