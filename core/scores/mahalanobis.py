"""Mahalanobis distance: how far an example is from the classes, in units of their common spread.

    d_i = min over classes c of  sqrt( (e_i - m_c)' S^-1 (e_i - m_c) )        (or c = the given label: `own`)

m_c the class means and S their shared covariance over the labeled training rows, shrunk towards a multiple of the
identity (by Ledoit and Wolf's estimate, or a given share), so that it always has an inverse. A training row is left
out of its own class's mean, (e - m_c) n / (n - 1), and the only row of a class is compared with the other classes:
otherwise rare classes would look most typical. From 0 up. High: out of distribution; oriented like the kNN distance.
Fails: classes that are not one round group each; wrong labels pull means and widen S. To the given label's own class
it also rises with wrong labels. Lee et al., NeurIPS 2018; Ledoit & Wolf 2004.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer

from core.numerics.neighbors import centered
from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.assumptions import fit_check, skill, undefined_rows
from core.scores.shared.distances import contrast_check
from core.types.errors import CurationError, DataError
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress, track
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_BLOCK_CELLS = 4_000_000  # squared distances [rows, classes] held at a time: 32 MB


@dataclass(frozen=True)
class MahalanobisParams:
    """Settings of the Mahalanobis distance."""

    to: str = param(
        "nearest", label="Distance to", choices=("nearest", "own"), help="The nearest or the label's class."
    )
    shrinkage: str = param("auto", label="Shrinkage", help="auto (Ledoit-Wolf), or a share from 0 to 1.")


@dataclass(frozen=True, eq=False)
class ClassModel:
    """classes [K] numbers, sizes [K], whitened means [K, d], whitening [d, d]: |x W - m_c| is the distance."""

    classes: Integer[np.ndarray, " class"]
    sizes: Integer[np.ndarray, " class"]
    means: Float[np.ndarray, "class feature"]
    whitening: Float[np.ndarray, "feature feature"]
    shrinkage: float


def fit_classes(
    points: Float[np.ndarray, "row feature"], labels: Integer[np.ndarray, " row"], shrinkage: str = "auto"
) -> ClassModel:
    """Means and shared shrunk covariance of float64 points [n, d]. `DataError`: all rows are alone in their classes."""
    classes, member, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(points) <= len(classes):
        raise DataError(
            f"{len(points)} labeled training rows of {len(classes)} classes show no spread inside a class.",
            "Give two or more rows of some class.",
        )
    means = np.stack([np.bincount(member, weights=column) for column in points.T], axis=1) / sizes[:, None]
    residuals = points - means[member]
    covariance, share = _shrunk(residuals, shrinkage)
    values, vectors = np.linalg.eigh(covariance)
    whitening = vectors / np.sqrt(np.maximum(values, _floor(values)))
    return ClassModel(classes, sizes, means @ whitening, whitening, share)


def class_distances(
    model: ClassModel,
    points: Float[np.ndarray, "row feature"],
    labels: Integer[np.ndarray, " row"],
    fitted: Bool[np.ndarray, " row"],
) -> Float64[np.ndarray, "row class"]:
    """[b, K] float64 squared distances; rows with `fitted` are left out of the mean of their label's class."""
    turned = points @ model.whitening
    squares = (turned**2).sum(axis=1)[:, None] - 2.0 * turned @ model.means.T + (model.means**2).sum(axis=1)
    out = np.maximum(squares, 0.0)
    rows = np.flatnonzero(fitted)
    own = np.searchsorted(model.classes, labels[rows])
    size = model.sizes[own].astype(np.float64)
    alone = size == 1
    out[rows, own] *= np.where(alone, 1.0, size / np.maximum(size - 1.0, 1.0)) ** 2
    out[rows[alone], own[alone]] = np.inf
    return out


def _shrunk(
    residuals: Float[np.ndarray, "row feature"], choice: str
) -> tuple[Float64[np.ndarray, "feature feature"], float]:
    from sklearn.covariance import ledoit_wolf, shrunk_covariance

    how = choice.strip().lower()
    if how == "auto":
        covariance, shrinkage = ledoit_wolf(residuals, assume_centered=True)
        return covariance, float(shrinkage)
    try:
        share = float(how)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise CurationError(f"shrinkage is {choice!r}.", "Choose auto or a number from 0 to 1.")
    return shrunk_covariance(residuals.T @ residuals / len(residuals), share), share


def _floor(values: Float[np.ndarray, " feature"]) -> float:
    """No direction is divided by less: rounding alone would decide there."""
    largest = float(values.max(initial=0.0))
    return largest * len(values) * np.finfo(float).eps if largest > 0 else 1.0


def _compute(inputs: ScoreInputs, params: MahalanobisParams, progress: Progress) -> ScoreResult:
    train, labels = inputs.examples.train_rows, inputs.labels
    points = centered(inputs.embedding)[0].astype(np.float64)
    model = fit_classes(points[train], labels[train], params.shrinkage)
    fitted = np.isin(np.arange(len(labels)), train)
    squares, nearest = np.empty(len(labels)), np.empty(len(labels), dtype=np.int64)
    step = max(1, _BLOCK_CELLS // max(len(model.classes), points.shape[1]))
    for start in track(progress, range(0, len(labels), step), "Mahalanobis distance"):
        part = slice(start, start + step)
        table = class_distances(model, points[part], labels[part], fitted[part])
        nearest[part] = model.classes[table.argmin(axis=1)]
        squares[part] = table.min(axis=1) if params.to == "nearest" else _to_own(model, table, labels[part])
    accuracy = float((nearest[train] == labels[train]).mean())
    return _result(inputs, params, model, np.sqrt(squares), accuracy)


def _to_own(
    model: ClassModel, table: Float[np.ndarray, "row class"], labels: Integer[np.ndarray, " row"]
) -> Float64[np.ndarray, " row"]:
    """[b] squared distance to the label's class; NaN where that class has no other labeled training row."""
    own = np.minimum(np.searchsorted(model.classes, labels), len(model.classes) - 1)
    squares = table[np.arange(len(labels)), own]
    return np.where((model.classes[own] == labels) & np.isfinite(squares), squares, np.nan)


def _result(
    inputs: ScoreInputs,
    params: MahalanobisParams,
    model: ClassModel,
    values: Float[np.ndarray, " example"],
    accuracy: float,
) -> ScoreResult:
    without, undefined = undefined_rows({"no other row of its class": np.isnan(values)})
    smallest = int(model.sizes.min())
    checks = (
        AssumptionCheck(
            Light.GREEN if smallest >= 10 else Light.AMBER,
            f"The smallest class has {smallest} training rows; the covariance is shrunk by {model.shrinkage:.1%}.",
            "classes",
        ),
        fit_check(accuracy, inputs.labels, "The nearest class means"),
        contrast_check(values[~without]),
    )
    return ScoreResult(
        values.astype(np.float32),
        undefined=undefined,
        checks=checks,
        skill=skill(accuracy, inputs.labels),
        meta={"shrinkage": float(model.shrinkage), "embedding": inputs.evidence.embedding_name},
    )


MAHALANOBIS = ScoreMethod(
    name="mahalanobis",
    title="Mahalanobis distance",
    summary="How far an example is from the nearest class, in units of the classes' spread.",
    paper=Paper(
        "Lee et al.",
        2018,
        "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks",
        "https://arxiv.org/abs/1807.03888",
    ),
    params=MahalanobisParams,
    group=Group.DENSITY,
    direction=Direction.OOD,
    inspect_first="highest",
    orientation=orient(keep_hard=+1, keep_clean_core=-1, remove_redundant=-1, find_ood=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    range="0 and up",
    high_means="Far from every class: rare, or not from this data.",
    low_means="In the middle of a class.",
    cost="N x d x (d + C); no training.",
)
