"""Local outlier factor: how much thinner an example's neighborhood is than its neighbors' own.

    lof_i = mean over the k nearest b of  density_b / density_i,   density = 1 / mean reachability distance

computed by scikit-learn from the exact nearest neighbors in the label-free embedding. About 1 inside a group of any
density, above 1 outside. High: out of distribution relative to its surroundings, where a plain kNN distance calls a
whole sparse group outlying; oriented like the kNN distance. Needs no label and no training. Fails: k or more exact
copies have infinite density in effect, so a row beside them gets a huge value (the check counts such copies); a group
of up to k outliers hides itself. Held-out rows count as neighbors. Breunig et al., SIGMOD 2000.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from core.numerics.neighbors import Neighbors, nearest_neighbors
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.distances import contrast_check, neighbors_check
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class LOFParams:
    """Settings of the local outlier factor."""

    k: int = param(20, label="Neighbors", low=1, help="More than the largest group of outliers; 20 is usual.")
    metric: str = param("euclidean", label="Distance", choices=("euclidean", "cosine"))


def local_outlier_factor(nearest: Neighbors) -> Float64[np.ndarray, " example"]:
    """[N] float64 factors from each row's nearest others (`nearest_neighbors` without queries)."""
    from scipy.sparse import csr_array
    from sklearn.neighbors import LocalOutlierFactor

    count, k = nearest.rows.shape
    columns = np.hstack([np.arange(count, dtype=nearest.rows.dtype)[:, None], nearest.rows])
    distances = np.hstack([np.zeros((count, 1)), nearest.distances.astype(np.float64)])
    # Each row holds itself at 0 first: scikit-learn takes it out again.
    graph = csr_array((distances.ravel(), columns.ravel(), np.arange(count + 1) * (k + 1)), shape=(count, count))
    with warnings.catch_warnings():  # about copies: said by the check on copies
        warnings.filterwarnings("ignore", message="Duplicate values are leading", category=UserWarning)
        model = LocalOutlierFactor(n_neighbors=k, metric="precomputed").fit(graph)
    return -model.negative_outlier_factor_


def _compute(inputs: ScoreInputs, params: LOFParams, progress: Progress) -> ScoreResult:
    nearest = nearest_neighbors(
        inputs.embedding, params.k, metric=params.metric, progress=progress, title="Local outlier factor"
    )
    values = local_outlier_factor(nearest).astype(np.float32)
    used = nearest.rows.shape[1]
    crowded = int((nearest.distances[:, -1] == 0).sum())
    checks = (
        neighbors_check(used, params.k, f"{len(values)} examples"),
        AssumptionCheck(
            Light.AMBER if crowded else Light.GREEN,
            f"{crowded} examples have {used} or more exact copies; rows beside them get huge values.",
            "copies",
        ),
        contrast_check(nearest.distances.mean(axis=1)),
    )
    return ScoreResult(values, checks=checks, meta={"k": used, "embedding": inputs.evidence.embedding_name})


LOF = ScoreMethod(
    name="lof",
    title="Local outlier factor",
    summary="How much thinner its neighborhood is than its neighbors' own.",
    paper=Paper(
        "Breunig et al.",
        2000,
        "LOF: Identifying Density-Based Local Outliers",
        "https://doi.org/10.1145/342009.335388",
    ),
    params=LOFParams,
    group=Group.DENSITY,
    direction=Direction.OOD,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, keep_clean_core=-1, remove_redundant=-1, find_ood=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    range="0 and up; about 1 inside a group",
    high_means="Outside the groups around it: rare, or not from this data.",
    low_means="Inside a group.",
    cost="N x N x d, in blocks; no training.",
    needs_labels=False,
)
