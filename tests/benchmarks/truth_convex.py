"""METHODS: Influence against retraining, to machine precision: an L2 logistic regression of digits 3 or 8.

200 training rows, 100 held out. The penalty .01 ||w||^2 of one weight vector is .04 / 2 ||W||^2 of two columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from core.library.last_layer_pairs import tracin_on_each_target
from core.scores.influence import InfluenceParams
from core.scores.shared.formulas import residual, softmax
from core.scores.shared.held_out_targets import LastLayer
from core.scores.shared.last_layer.approximate import DataInfSolver
from core.scores.shared.last_layer.influence import influence_on_each_target
from core.scores.shared.last_layer.problem import SoftmaxRows
from core.scores.trak import TRAKParams, trak
from core.types.progress import SilentProgress
from tests.benchmarks.subset_models import rank_correlations
from tests.oracles.softmax_regression import fit, leave_one_out

TRAIN, HELD_OUT, RIDGE = 200, 100, 0.04
_DRAWS = 10  # of a random projection; the figure is their mean
ASKED: dict[str, dict[str, float]] = {
    "exact, raw": {"pearson": 0.998, "spearman": 0.999, "slope": 1.116, "lds": 0.984},
    "exact, leverage-corrected": {"pearson": 0.9993, "spearman": 0.9996, "slope": 1.006},
    "DataInf": {"pearson": 0.966, "lds": 0.814},
    "empirical Fisher inverse, .01": {"pearson": 0.944},
    "empirical Fisher inverse, DataInf's lambda": {"pearson": 0.736},
    "gradient products": {"pearson": 0.933, "lds": 0.734},
    "TRAK, ridge matched to the weight decay": {"lds": 0.970},
    "TRAK, ridge of .001 x mean diagonal": {"lds": 0.558},
    "TRAK, k = 16": {"lds": 0.647},
    "TRAK, k = 16, ridge matched": {"lds": 0.773},
    "similarity of inputs x sign of labels": {"lds": 0.432},
}


@dataclass(frozen=True, eq=False)
class Convex:
    """The fitted layer over training rows and then targets, their labels, and each row's retrained effect [N]."""

    layer: LastLayer
    labels: np.ndarray
    truth: np.ndarray

    @property
    def x(self) -> np.ndarray:
        return self.layer.features


def convex() -> Convex:
    """Fit, and fit again without each row."""
    x, y = load_digits(return_X_y=True)
    keep = np.isin(y, (3, 8))
    x, y = (x / 16 - (x / 16).mean(axis=0))[keep], np.searchsorted((3, 8), y[keep])
    train, held_out, own, wanted = train_test_split(
        x, y, train_size=TRAIN, test_size=HELD_OUT, random_state=0, stratify=y
    )
    every, order = np.vstack([train, held_out]), np.arange(TRAIN + HELD_OUT)
    logits = every @ fit(train, own, 2, RIDGE)
    layer = LastLayer(every, logits, order[:TRAIN], order[TRAIN:], RIDGE, has_bias=False)
    truth = leave_one_out(train, own, held_out, wanted, classes=2, ridge=RIDGE)
    return Convex(layer, np.concatenate([own, wanted]), truth)


def datainf(world: Convex) -> np.ndarray:
    """[V, N] with the published lambda, a tenth of the mean squared gradient entry."""
    rows, own, wanted, deltas = _parts(world)
    lift = 0.1 * float(((own[:, :, None] * deltas[:TRAIN, None, :]) ** 2).mean())
    solver = DataInfSolver(SoftmaxRows(own, rows, np.full(own.shape[1], lift)), deltas[:TRAIN], SilentProgress())
    solved = [solver.solve(np.outer(x, d)) for x, d in zip(wanted, deltas[TRAIN:], strict=True)]
    return np.stack([((own @ one) * deltas[:TRAIN]).sum(axis=1) for one in solved]) / TRAIN


def empirical_fisher(world: Convex, lift: float | None = None) -> np.ndarray:
    """[V, N] (mean g g' + lift)^-1, a baseline; lift in the coordinate w1 - w0; None: DataInf's lambda."""
    _, own, wanted, deltas = _parts(world)
    g, t = own * deltas[:TRAIN, 1:], wanted * deltas[TRAIN:, 1:]
    lift = 0.1 * float((g**2).mean()) if lift is None else lift
    return t @ np.linalg.solve(g.T @ g / TRAIN + lift * np.eye(g.shape[1]), g.T) / TRAIN


def similarity(world: Convex) -> np.ndarray:
    """[V, N] a kernel of the inputs (its width their median distance) times whether the labels agree."""
    _, own, wanted, _ = _parts(world)
    squares = ((wanted[:, None] - own[None]) ** 2).sum(axis=2)
    signs = 2 * world.labels - 1
    return np.exp(-squares / np.median(squares)) * np.outer(signs[TRAIN:], signs[:TRAIN])


def _parts(world: Convex) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    logits = np.asarray(world.layer.logits, dtype=np.float64)
    return softmax(logits[:TRAIN]), world.x[:TRAIN], world.x[TRAIN:], residual(logits, world.labels)


def estimates(world: Convex) -> dict[str, np.ndarray]:
    """[V, N] of every method."""
    layer, labels = world.layer, world.labels

    def exact(leverage: bool) -> np.ndarray:
        return influence_on_each_target(layer, labels, InfluenceParams(damping=0.0, leverage=leverage))

    def margins(seed: int = 0, **params: float) -> np.ndarray:
        found = trak(layer, labels, TRAKParams(**params), pairs=True, rng=np.random.default_rng(seed))
        return found.effects * found.doubts

    x = world.x[:TRAIN]
    small = 1e-3 * float((x**2).mean())  # of the kernel X'X / N, times N below; twice that in two columns
    return {
        "exact, raw": exact(False),
        "exact, leverage-corrected": exact(True),
        "DataInf": datainf(world),
        "empirical Fisher inverse, .01": empirical_fisher(world, 0.01),
        "empirical Fisher inverse, DataInf's lambda": empirical_fisher(world),
        "gradient products": tracin_on_each_target(layer, labels),
        "TRAK, ridge matched to the weight decay": margins(),
        "TRAK, ridge of .001 x mean diagonal": margins(ridge=2 * TRAIN * small),
        **{f"TRAK, k = 16 #{seed}": margins(seed, k=16, ridge=0.0) for seed in range(_DRAWS)},
        **{f"TRAK, k = 16, ridge matched #{seed}": margins(seed, k=16) for seed in range(_DRAWS)},
        "similarity of inputs x sign of labels": similarity(world),
    }


def subset_margins(world: Convex, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(inside [count, N], margins [count, V]) of exact refits on random halves."""
    rng, signs = np.random.default_rng(0), 2 * world.labels[TRAIN:] - 1
    inside, found = np.zeros((count, TRAIN)), np.empty((count, HELD_OUT))
    for run in range(count):
        chosen = rng.permutation(TRAIN)[: TRAIN // 2]
        inside[run, chosen] = 1.0
        weights = fit(world.x[chosen], world.labels[chosen], 2, RIDGE)
        found[run] = (world.x[TRAIN:] @ (weights[:, 1] - weights[:, 0])) * signs
    return inside, found


def convex_figures(subsets: int = 200) -> dict[str, dict[str, float]]:
    """title -> Pearson, Spearman and slope against retraining without each row, and LDS on random halves.

    Titles "... #0" to "... #9" are draws of one method and become their mean.
    """
    world = convex()
    inside, truth = subset_margins(world, subsets)
    drawn: dict[str, list[dict[str, float]]] = {}
    for title, effects in estimates(world).items():
        row = {"lds": float(rank_correlations(inside @ effects.T, truth).mean())}
        if not title.startswith(("TRAK", "similarity")):
            row |= _against(effects.mean(axis=0), world.truth)
        drawn.setdefault(title.split(" #")[0], []).append(row)
    return {title: {k: float(np.mean([r[k] for r in rows])) for k in rows[0]} for title, rows in drawn.items()}


def _against(predicted: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    return {
        "pearson": float(np.corrcoef(predicted, truth)[0, 1]),
        "spearman": float(spearmanr(predicted, truth).statistic),
        "slope": float(np.cov(predicted, truth)[0, 1] / predicted.var(ddof=1)),
    }
