"""Prototype distance: how far an example is from the center of its cluster.

    prototype_distance_i = || e_i - nearest k-means center ||            (mean over a few k-means starts)

e is the label-free (self-supervised, or given) embedding, or with `features` = network what each network's last layer
sees at its last kept checkpoint, mean over networks too: classes lie apart there, wrong labels that were memorized as
well. From 0 up. High: unlike the prototypes, hard or outlying. Needs no label. Keep the HARD (high) when data is
abundant, the EASY (low) when it is scarce or its labels are noisy: on digits keep-hard at 90 % pruning falls 12 points
below random. Fails: it depends on the number of clusters (by default the number of classes) and on the embedding's
scale. The clusters are those of all rows, held-out ones included. Examples are put into an order of their own before
k-means draws its starts, so that row order plays no part. Sorscher et al., NeurIPS 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.numerics.neighbors import centered
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import agreement_check
from core.scores.shared.centers import cluster_count, fit_centers, nearest_center, own_order
from core.scores.shared.checkpoints import by_seed, features_of
from core.scores.shared.distances import contrast_check
from core.types.errors import CurationError
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class PrototypeParams:
    """Settings of the prototype distance."""

    clusters: int = param(0, label="Clusters", low=0, help="0: as many as there are classes.")
    starts: int = param(3, label="k-means starts", low=1, high=20, help="The score is the mean over them.")
    features: str = param(
        "embedding",
        label="Distances in",
        choices=("embedding", "network"),
        help="The label-free (or given) embedding, or the features of the trained networks.",
    )


def _compute(inputs: ScoreInputs, params: PrototypeParams, progress: Progress) -> ScoreResult:
    spaces = [inputs.embedding] if params.features == "embedding" else _network_features(inputs)
    per_start, clusters = [], 0
    seeds = inputs.rng.integers(2**31, size=params.starts)
    progress.stage("Prototypes", len(spaces) * len(seeds))
    for space in spaces:
        (points,) = centered(space)
        ordered = own_order(points, inputs.rng)
        clusters = cluster_count(params.clusters or inputs.examples.class_count, ordered)
        for seed in seeds:
            per_start.append(nearest_center(points, fit_centers(ordered, clusters, int(seed))))
            progress.advance()
    values = np.mean(per_start, axis=0).astype(np.float32)
    name = inputs.evidence.embedding_name if params.features == "embedding" else f"features of {len(spaces)} networks"
    return ScoreResult(
        values,
        per_seed=np.stack(per_start).astype(np.float32),
        checks=(contrast_check(values), agreement_check(np.stack(per_start), "starts")),
        meta={"clusters": clusters, "embedding": name},
    )


def _network_features(inputs: ScoreInputs) -> list[Float[np.ndarray, "example feature"]]:
    """[N, d] of each seed's last kept checkpoint."""
    last = [group[-1] for group in by_seed(inputs.checkpoints)]
    return [checked_rows(np.asarray(features_of(one), dtype=np.float32), inputs) for one in last]


def checked_rows(
    features: Float[np.ndarray, "example feature"], inputs: ScoreInputs
) -> Float[np.ndarray, "example feature"]:
    """`features` [N, d] if they are all finite, else `CurationError` naming the first bad row."""
    bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if len(bad):
        raise CurationError(
            f"The features of row {bad[0]} (id {inputs.examples.ids[bad[0]]}) are not finite.",
            "Look at that row's input, or lower the learning rate if training diverged.",
        )
    return features


PROTOTYPE_DISTANCE = ScoreMethod(
    name="prototype_distance",
    title="Prototype distance",
    summary="How far an example is from the center of its cluster.",
    paper=Paper(
        "Sorscher et al.",
        2022,
        "Beyond neural scaling laws: beating power law scaling via data pruning",
        "https://arxiv.org/abs/2206.14486",
    ),
    params=PrototypeParams,
    group=Group.DENSITY,
    direction=Direction.HARD,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, keep_clean_core=-1, remove_redundant=-1, find_ood=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    range="0 and up",
    high_means="Unlike the typical examples: hard, or an outlier.",
    low_means="Close to a prototype: easy.",
    cost="Iterations x N x k x d for k clusters; no training (features of the networks: their training).",
    needs_labels=False,
    also_needs=lambda params: (Signal.FEATURES,) if params.features == "network" else (),
)
