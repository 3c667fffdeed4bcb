"""Which columns of a table matter: shuffled, by the forest's own account, by SHAP, and added one by one.

A random forest is fitted to the training rows. Columns whose ranks correlate (|rho| > 0.8) share or lose credit to each
other, so they are joined to one aspect and shuffled together, on held-out rows. Forward selection chooses by one half
of these and says its accuracy on the other. Fails: what a forest cannot learn has no importance here, and a shuffled
column makes rows that do not exist. Breiman 2001; Lundberg et al. 2020.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Integer
from scipy.special import stdtrit

from core.types.importance import AspectImportance, ColumnImportances, ForwardStep
from core.types.progress import Progress, track

from .estimators import import_shap

_ALIKE = 0.8  # |Spearman's rho| above which columns are one aspect
_SHUFFLES = 10  # as the literature asks at least: their mean has a third of the spread of one
_TREES, _LEAF = 100, 5
_SHAP_ROWS = 200  # the mean over them has settled, and each costs a walk through every tree
_MOST_STEPS = 8  # of the forward selection, among as many aspects


@dataclass(frozen=True, eq=False)
class Columns:
    """Encoded rows [n, d] of a table, which encoded columns each original one takes, and classes [n].

    train, held_out: their rows; held_out_is: where the latter come from, in words.
    """

    matrix: np.ndarray
    places: Mapping[str, tuple[int, ...]]
    labels: np.ndarray
    train: np.ndarray
    held_out: np.ndarray
    held_out_is: str


def column_importances(about: Columns, seed: int, progress: Progress) -> ColumnImportances:
    """Every aspect with its three measures, how far these agree, and the forward selection."""
    aspects = aspects_of(about.matrix[about.train], about.places)
    places = [[place for name in names for place in about.places[name]] for names in aspects]
    forest = _forest(about, list(range(about.matrix.shape[1])), seed)
    held, truth = about.matrix[about.held_out], about.labels[about.held_out]
    drops = shuffled_drops(forest, held, truth, places, np.random.default_rng(seed), progress)
    own = np.array([forest.feature_importances_[each].sum() for each in places])
    shap = mean_shap(forest, held[:_SHAP_ROWS], places)
    order = np.argsort(-drops.mean(axis=1), kind="stable").tolist()
    measures = {"shuffled": drops.mean(axis=1), "built-in": own, "SHAP": shap}
    return ColumnImportances(
        f"random forest, {_TREES} trees",
        float((forest.predict(held) == truth).mean()),
        len(about.train),
        len(about.held_out),
        about.held_out_is,
        tuple(_aspect(aspects[k], drops[k], own[k], shap[k]) for k in order),
        {f"{a} and {b}": rank_correlation(measures[a], measures[b]) for a, b in combinations(measures, 2)},
        forward_selection(about, [aspects[k] for k in order[:_MOST_STEPS]], seed, progress),
    )


def aspects_of(
    matrix: Float[np.ndarray, "row encoded"], places: Mapping[str, tuple[int, ...]]
) -> list[tuple[str, ...]]:
    """Names of the columns that belong together: linked by |rho| > 0.8 between any of their encoded columns."""
    from scipy.stats import rankdata

    names = [name for name, own in places.items() if own]
    ranks = rankdata(matrix, axis=0)
    ranks -= ranks.mean(axis=0)
    sizes = np.sqrt((ranks**2).sum(axis=0))
    unit = np.divide(ranks, sizes, out=np.zeros_like(ranks), where=sizes > 0)
    alike = np.abs(unit.T @ unit) > _ALIKE
    aspects: list[tuple[str, ...]] = []
    for name in names:
        near = [a for a in aspects if any(alike[np.ix_(places[name], places[other])].any() for other in a)]
        aspects = [a for a in aspects if a not in near] + [(*(n for a in near for n in a), name)]
    return aspects


def shuffled_drops(
    model: Any,
    matrix: Float[np.ndarray, "row encoded"],
    labels: Integer[np.ndarray, " row"],
    places: Sequence[Sequence[int]],
    rng: np.random.Generator,
    progress: Progress,
) -> Float64[np.ndarray, "aspect shuffle"]:
    """Accuracy lost in each of ten shuffles of an aspect's cells, which stay together in a row."""
    before = (model.predict(matrix) == labels).mean()
    drops = np.zeros((len(places), _SHUFFLES))
    for k, own in enumerate(track(progress, places, "Shuffled columns")):
        for shuffle in range(_SHUFFLES):
            mixed = matrix.copy()
            mixed[:, own] = _part(matrix, rng.permutation(len(matrix)), own)
            drops[k, shuffle] = before - (model.predict(mixed) == labels).mean()
    return drops


def mean_shap(
    forest: Any, matrix: Float[np.ndarray, "row encoded"], places: Sequence[Sequence[int]]
) -> Float64[np.ndarray, " aspect"]:
    """Mean over rows and classes of |sum of an aspect's SHAP values| (of the branches that training rows took)."""
    explainer = import_shap().TreeExplainer(forest, feature_perturbation="tree_path_dependent")
    values = np.asarray(explainer.shap_values(matrix, check_additivity=False), np.float64)  # [row, encoded, class]
    return np.array([np.abs(values[:, own].sum(axis=1)).mean() for own in places])


def forward_selection(
    about: Columns, aspects: Sequence[tuple[str, ...]], seed: int, progress: Progress
) -> tuple[ForwardStep, ...]:
    """Aspects in the order in which adding them helps most, each with the accuracy that was not chosen by."""
    choose, report = about.held_out[::2], about.held_out[1::2]
    chosen: list[int] = []
    steps: list[ForwardStep] = []
    waiting = list(aspects)
    for _ in track(progress, range(len(aspects)), "Forward selection"):
        tried: list[tuple[float, tuple[str, ...], list[int], Any]] = []
        for names in waiting:
            own = chosen + [place for name in names for place in about.places[name]]
            forest = _forest(about, own, seed)
            right = forest.predict(_part(about.matrix, choose, own)) == about.labels[choose]
            tried.append((float(right.mean()), names, own, forest))
        _, names, chosen, forest = max(tried, key=lambda one: one[0])
        waiting.remove(names)
        right = forest.predict(_part(about.matrix, report, chosen)) == about.labels[report]
        steps.append(ForwardStep(names, float(right.mean())))
    return tuple(steps)


def rank_correlation(a: Float64[np.ndarray, " aspect"], b: Float64[np.ndarray, " aspect"]) -> float:
    """Spearman's rho, ties sharing ranks; 0 where one of them is constant."""
    from scipy.stats import rankdata

    first, second = rankdata(a) - (len(a) + 1) / 2, rankdata(b) - (len(b) + 1) / 2
    size = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float(first @ second) / size if size > 0 else 0.0


def _part(matrix: np.ndarray, rows: np.ndarray, places: Sequence[int]) -> np.ndarray:
    return matrix[np.ix_(rows, np.asarray(places, np.int64))]


def _forest(about: Columns, places: Sequence[int], seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(_TREES, min_samples_leaf=_LEAF, random_state=seed, n_jobs=1)
    return forest.fit(_part(about.matrix, about.train, places), about.labels[about.train])


def _aspect(names: tuple[str, ...], drops: np.ndarray, own: float, shap: float) -> AspectImportance:
    half = float(stdtrit(len(drops) - 1, 0.975) * drops.std(ddof=1) / np.sqrt(len(drops)))
    mean = float(drops.mean())
    return AspectImportance(names, mean, mean - half, mean + half, float(own), float(shap))
