"""Retrieval importance: what each training row is worth to a model that answers from what it retrieves.

Each target retrieves its M nearest training rows; row i is present with probability p_i, and the first K present ones
are used: u = (1/K) sum of their contributions c, +1 for the target's label and -1 for another. With U(p) the mean of u,
    importance_i = dU/dp_i          (mean over targets, at p = 1/2; in [-2/K, 2/K])
by the exact O(M K) recursion. With contributions of 1 and 0 instead (`match`) this is KNN-Banzhaf of the ranking, and
integrated over p it is KNN-Shapley. -1 adds the same to all rows that a target retrieves, so the order is KNN-Banzhaf's
still (rank correlation 1.000 at the defaults): no vote of its own in a composite, where it would count that score
twice. `steps` > 0 instead learns p by projected gradient ascent: the score is then the inclusion weight in [0, 1], 1/2
where a row is never retrieved. `by_group` gives all rows of a source (the group column) their mean. `epsilon` > 0
samples as many targets as put each importance within epsilon with probability 1 - delta (Hoeffding) and cuts rankings
there. HIGH helps, LOW misleads. Means over five parts of the targets show its error. Fails: learned weights overfit few
targets; targets alike count as many; it inherits the embedding. Lyu et al. 2023.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float32, Float64, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.ranked_neighbors import RankedTargets, depth, mean_over_targets, rank_targets, some_of
from core.scores.shared.semivalues import PARTS, error_check
from core.scores.shared.targets import valued_rows
from core.types.errors import DataError
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_BLOCK_CELLS = 2_000_000  # of the [M, targets, K] table held at a time: 16 MB


@dataclass(frozen=True)
class RetrievalParams:
    """Settings of the retrieval importance."""

    k: int = param(10, label="Rows used (K)", low=1, help="How many of the present retrieved rows decide the answer.")
    retrieved: int = param(50, label="Rows retrieved (M)", low=1, help="How many rows each target retrieves.")
    contribution: str = param(
        "signed", label="A row contributes", choices=("signed", "match"), help="signed: 1 or -1. match: 1 or 0."
    )
    by_group: bool = param(False, label="One value per source", help="Rows of one group share their mean.")
    steps: int = param(0, label="Learning steps", low=0, help="0: importance at inclusion 1/2. More: learned weights.")
    learning_rate: float = param(10.0, label="Learning rate", low=0.0, help="Of the learned weights.")
    targets: int = param(10_000, label="Targets at most", low=1, help="A random sample is used when there are more.")
    epsilon: float = param(0.0, label="Error allowed", low=0.0, help="0 is exact for the targets used.")
    delta: float = param(0.05, label="Chance of a larger error", low=1e-9, high=1.0)


def inclusion_gradient(
    contribution: Float[np.ndarray, "target rank"], present: Float[np.ndarray, "target rank"], k: int
) -> Float64[np.ndarray, "target rank"]:
    """[V, M] float64 dU/dp_i of each target for M ranked rows; contribution, present (p) are [V, M]. O(V M K)."""
    out = np.empty(contribution.shape)
    step = max(1, _BLOCK_CELLS // (contribution.shape[1] * (k + 1)))
    for start in range(0, len(out), step):
        part = slice(start, start + step)
        out[part] = _gradient_block(contribution[part], present[part], k)
    return out


def _gradient_block(
    c: Float[np.ndarray, "target rank"], p: Float[np.ndarray, "target rank"], k: int
) -> Float64[np.ndarray, "target rank"]:
    rows, ranks = c.shape
    future = np.zeros((ranks + 1, rows, k + 1))  # ahead[i, :, j]: utility still to come at rank i with j used
    for i in range(ranks - 1, -1, -1):
        pi = p[:, i, None]
        future[i, :, :k] = pi * (c[:, i, None] / k + future[i + 1, :, 1:]) + (1.0 - pi) * future[i + 1, :, :k]
    out, used = np.empty((rows, ranks)), np.zeros((rows, k))
    used[:, 0] = 1.0  # used[:, j]: probability that j rows before this rank are present
    for i in range(ranks):
        gain = c[:, i, None] / k + future[i + 1, :, 1:] - future[i + 1, :, :k]
        out[:, i] = (used * gain).sum(axis=1)
        moved = p[:, i, None] * used
        used -= moved
        used[:, 1:] += moved[:, :-1]
    return out


def targets_needed(epsilon: float, delta: float, spread: float) -> int:
    """Targets whose mean is within `epsilon` with probability 1 - `delta`, for values in an interval of this length."""
    return int(np.ceil(spread**2 / (2.0 * epsilon**2) * np.log(2.0 / delta)))


def _compute(inputs: ScoreInputs, params: RetrievalParams, progress: Progress) -> ScoreResult:
    ranks, targets = _extent(inputs, params)
    ranked = rank_targets(inputs, params.k, ranks, targets, progress, "Retrieval importance")
    match = ranked.match.astype(np.float64)
    contribution = match if params.contribution == "match" else 2.0 * match - 1.0
    source = _sources(inputs, ranked) if params.by_group else np.arange(len(ranked.train))
    values, gradient = _importance(ranked, contribution, source, params, progress)
    parts = None if gradient is None else _over_parts(inputs, ranked, gradient, source)
    meta = {"ranks": int(ranked.order.shape[1]), "sources": int(source.max()) + 1}
    share = len(np.unique(ranked.order)) / len(ranked.train)
    light = Light.GREEN if share >= 0.9 else Light.AMBER
    check = AssumptionCheck(light, f"{share:.1%} of the training rows are retrieved by some target.", "retrieved")
    checks = (check,) if parts is None else (check, error_check(parts))
    result = valued_rows(inputs, ranked, values, ranked.accuracy, params.k, meta=meta, more_checks=checks)
    return result if parts is None else replace(result, per_seed=_spread_rows(inputs, ranked, parts))


def _spread_rows(
    inputs: ScoreInputs, ranked: RankedTargets, parts: Float[np.ndarray, "part row"]
) -> Float32[np.ndarray, "part example"]:
    """[PARTS, N] float32 of `parts` [PARTS, n], NaN outside the training rows."""
    out = np.full((len(parts), len(inputs.labels)), np.nan, dtype=np.float32)
    out[:, ranked.train] = parts
    return out


def _extent(inputs: ScoreInputs, params: RetrievalParams) -> tuple[int, int]:
    """(ranks, targets) to look at for the error allowed."""
    ranks = max(1, min(params.retrieved, len(inputs.examples.train_rows)))
    if params.epsilon == 0.0:
        return ranks, params.targets
    # A gain lies between -1/K and 1/K (twice that for signed contributions), and half of the error goes to each cut.
    reach = (1.0 if params.contribution == "match" else 2.0) / params.k
    if params.steps == 0:  # learned weights may fall and let deeper ranks in
        ranks = depth(params.k, min(1.0, params.epsilon / 2.0 / reach), ranks)
    return ranks, min(params.targets, targets_needed(params.epsilon / 2.0, params.delta, 2.0 * reach))


def _importance(
    ranked: RankedTargets,
    contribution: Float[np.ndarray, "target rank"],
    source: Integer[np.ndarray, " row"],
    params: RetrievalParams,
    progress: Progress,
) -> tuple[Float64[np.ndarray, " row"], Float64[np.ndarray, "target rank"] | None]:
    """[n] importance at one half, with the gradient [V, M] that it is the mean of; or the learned weights alone."""
    weights = np.full(len(ranked.train), 0.5)
    progress.stage("Retrieval importance: weights", max(1, params.steps))
    for _ in range(max(1, params.steps)):
        gradient = inclusion_gradient(contribution, weights[ranked.order], params.k)
        shared = _mean_in_source(mean_over_targets(ranked, gradient), source)
        weights = np.clip(weights + params.learning_rate * shared, 0.0, 1.0)
        progress.advance()
    if params.steps:
        return weights, None
    return shared, gradient


def _over_parts(
    inputs: ScoreInputs,
    ranked: RankedTargets,
    gradient: Float[np.ndarray, "target rank"],
    source: Integer[np.ndarray, " row"],
) -> Float64[np.ndarray, "part row"] | None:
    """[PARTS, n] the mean over every fifth target in order of id; their spread is the targets' error. None for few."""
    if len(ranked.targets) < 2 * PARTS:
        return None
    order = np.argsort(inputs.examples.ids[ranked.targets], kind="stable")
    means = []
    for part in range(PARTS):
        some = order[part::PARTS]
        fewer = some_of(ranked, some)
        means.append(_mean_in_source(mean_over_targets(fewer, gradient[some]), source))
    return np.stack(means)


def _sources(inputs: ScoreInputs, ranked: RankedTargets) -> Integer[np.ndarray, " row"]:
    if inputs.examples.groups is None:
        raise DataError("The data has no group column to take sources from.", "Name one, or value each row by itself.")
    return np.unique(inputs.examples.groups[ranked.train], return_inverse=True)[1]


def _mean_in_source(
    values: Float[np.ndarray, " row"], source: Integer[np.ndarray, " row"]
) -> Float64[np.ndarray, " row"]:
    return (np.bincount(source, weights=values) / np.bincount(source))[source]


RETRIEVAL_IMPORTANCE = ScoreMethod(
    name="retrieval_importance",
    title="Retrieval importance",
    summary="What each row is worth to answers from the rows retrieved.",
    paper=Paper(
        "Lyu et al.",
        2023,
        "Improving Retrieval-Augmented Large Language Models via Data Importance Learning",
        "https://arxiv.org/abs/2307.03027",
    ),
    params=RetrievalParams,
    group=Group.VALUATION,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(),  # KNN-Banzhaf votes for both
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    judged_by_held_out=True,
    range="-2/K to 2/K (learned weights: 0 to 1)",
    high_means="Retrieved for targets that share its label: a source to trust.",
    low_means="Retrieved for targets with other labels: misleads, probably labeled wrong.",
    cost="V x N x d for V targets, then V x M x K for each learning step; no training.",
)
