"""Cluster rarity: how small the cluster is that an example falls into.

    p_i = share of all examples in the k-means cluster of i;     rarity_i = 1 - p_i
    weight:  (eta + (1 - p_i)^gamma) / (eta + 1), the published weight of its loss in training

(mean over a few k-means starts, in the label-free embedding of all rows, held-out ones included). Range [0, 1). High:
rare kind of input. It says nothing about labels and is no fault in itself, so it bears on one goal only: what is
redundant lies in large clusters. All rows of a cluster share a value. Fails: it depends on the number of clusters (by
default sqrt(N / 2), at least the classes, at most 100): k-means splits large groups where clusters are many, which
hides how frequent they are. Shrivastava et al. 2023 (DatasetEquity).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from core.numerics.neighbors import centered
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import agreement_check
from core.scores.shared.centers import cluster_count, equity_weight, fit_centers, own_center, own_order
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress, track
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_MOST_CLUSTERS = 100  # k-means splits large groups where clusters are many, which hides how frequent they are


@dataclass(frozen=True)
class RarityParams:
    """Settings of the cluster rarity."""

    clusters: int = param(0, label="Clusters", low=0, help="0: sqrt(N / 2), at least the classes and at most 100.")
    starts: int = param(3, label="k-means starts", low=1, high=20, help="The score is the mean over them.")
    given_as: str = param("rarity", label="Given as", choices=("rarity", "weight"), help="1 - p, or the loss weight.")
    eta: float = param(1.0, label="Base weight (eta)", low=0.0, help="Of the loss weight; 1 as published.")
    gamma: float = param(5.0, label="Focus (gamma)", low=0.0, help="Of the loss weight; 5 as published.")


def _compute(inputs: ScoreInputs, params: RarityParams, progress: Progress) -> ScoreResult:
    (points,) = centered(inputs.embedding)
    ordered = own_order(points, inputs.rng)
    usual = min(max(round(np.sqrt(len(points) / 2)), inputs.examples.class_count), _MOST_CLUSTERS)
    clusters = cluster_count(params.clusters or usual, ordered)
    seeds = inputs.rng.integers(2**31, size=params.starts)
    shares = np.stack([_share(points, ordered, clusters, int(s)) for s in track(progress, seeds, "Cluster rarity")])
    per_start = 1.0 - shares if params.given_as == "rarity" else equity_weight(shares, params.eta, params.gamma)
    return ScoreResult(
        per_start.mean(axis=0).astype(np.float32),
        per_seed=per_start.astype(np.float32),
        checks=(_size_check(shares[0], clusters), agreement_check(per_start, "starts")),
        meta={"clusters": clusters, "embedding": inputs.evidence.embedding_name},
    )


def _share(
    points: Float[np.ndarray, "example feature"],
    ordered: Float[np.ndarray, "example feature"],
    clusters: int,
    seed: int,
) -> Float64[np.ndarray, " example"]:
    """[N] share of all examples in the own cluster."""
    own = own_center(points, fit_centers(ordered, clusters, seed))
    return np.bincount(own, minlength=clusters)[own] / len(own)


def _size_check(share: Float[np.ndarray, " example"], clusters: int) -> AssumptionCheck:
    largest = float(share.max())
    text = f"{clusters} clusters; the largest has {largest:.1%} of the examples, an equal share is {1 / clusters:.1%}."
    return AssumptionCheck(Light.GREEN if largest >= 1.5 / clusters else Light.AMBER, text, "clusters")


CLUSTER_RARITY = ScoreMethod(
    name="cluster_rarity",
    title="Cluster rarity",
    summary="How small the cluster is that an example falls into.",
    paper=Paper(
        "Shrivastava et al.",
        2023,
        "DatasetEquity: Are All Samples Created Equal? In The Quest For Equity Within Datasets",
        "https://github.com/towardsautonomy/DatasetEquity",
    ),
    params=RarityParams,
    group=Group.DENSITY,
    direction=Direction.NEUTRAL,
    inspect_first="neither",
    orientation=orient(remove_redundant=-1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    range="0 to 1",
    high_means="A rare kind of input.",
    low_means="A frequent kind of input.",
    cost="Iterations x N x k x d for k clusters; no training.",
    needs_labels=False,
)
